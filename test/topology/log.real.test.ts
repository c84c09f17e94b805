import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rig } from '../support/rig.ts';
import { KINDS, Workload } from '../support/workload.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly component?: string;
}

describe('the log of normal operation', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 6, ['alpha'], KINDS);
    await workload.prepare();
    await workload.create(100);
  });
  after(() => rig.stop());

  /** A run from start to stop with changes in between. */
  let from = 0;
  async function run(changes: Record<string, unknown>): Promise<Line[]> {
    await rig.program.start(rig.config(changes));
    await rig.program.ready(90);
    await workload.churn(200);
    await rig.settled();
    assert.equal(await rig.program.stop(), 0);
    const lines = rig.program.log.slice(from).split('\n');
    from = rig.program.log.length;
    return lines.filter((l) => l.startsWith('{')).map((l) => JSON.parse(l) as Line);
  }

  test('says start, ready and stop, and nothing else', async () => {
    const first = await run({});
    assert.deepEqual(
      first.map((l) => [l.level, l.msg]),
      [
        [30, 'started'],
        [30, 'ready'],
        [30, 'draining; a second signal ends at once'],
        [30, 'stopped'],
      ],
    );
  });

  test('a component can have a level of its own', async () => {
    const watch = { resources: ['configmaps', 'nothings.example.com'] };
    const lines = await run({ watch, log: { level: 'error', levels: { watch: 'warn' } } });
    assert.ok(lines.length > 0, 'the watch tells of the resource that is not served');
    assert.deepEqual(
      lines.filter((l) => l.component !== 'watch'),
      [],
    );
  });
});
