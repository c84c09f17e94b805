import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { compareResourceVersions } from '../../src/model/position.ts';
import { checkTable } from '../support/checker.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { FaultRig } from './fault-rig.ts';

interface Living {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/**
 * etcd is restored from an older backup: what came after it never was, versions are given a second time, and the API server
 * takes a watch from its future without a word. What etcd's history says of both times is no longer one truth, so what is
 * compared here is what all records add up to.
 */
describe('etcd is restored from an older backup', () => {
  let rig: FaultRig;
  let backup = '';
  before(async () => {
    rig = await FaultRig.start({ seed: 5 });
    backup = `${rig.rig.kube.etcdFolder}.backup`;
    await rig.begin();
    await rig.load.writes(100);
    await rig.load.stop();
    await rig.history.stop();
    const { kube } = rig.rig;
    await kube.offline(() => cpSync(kube.etcdFolder, backup, { recursive: true }));
  });
  after(() => rig.stop());

  async function restore(): Promise<void> {
    const { kube } = rig.rig;
    await kube.offline(() => {
      rmSync(kube.etcdFolder, { recursive: true });
      cpSync(backup, kube.etcdFolder, { recursive: true });
    });
  }

  async function write(count: number): Promise<void> {
    rig.load.start();
    await rig.load.writes(count);
    await rig.load.stop();
  }

  async function living(): Promise<Map<string, string>> {
    const all = new Map<string, string>();
    const paths = { configmaps: 'api/v1', pods: 'api/v1', secrets: 'api/v1', widgets: 'apis/example.com/v1' };
    for (const [resource, path] of Object.entries(paths)) {
      const { items } = (await rig.rig.kube.must('GET', `/${path}/${resource}`)) as { items: Living[] };
      for (const { metadata: m } of items)
        if (m.namespace !== 'kube-system')
          all.set(`${resource}/${m.namespace}/${m.name}`, `${m.uid}:${m.resourceVersion}`);
    }
    return all;
  }

  /** The records add up to what lives, none twice, each object in order within its time. */
  async function verdict(generations: number): Promise<SeenRecord[]> {
    await rig.program.ready(90);
    await rig.rig.settled();
    const records = await rig.rig.records();
    const state = new Map<string, string>();
    const versions = new Map<string, string>();
    const ids = new Set<string>();
    for (const r of records) {
      assert.ok(!ids.has(r.id), `${r.id} stands twice`);
      ids.add(r.id);
      if (r.operation === 'GAP') continue; // after a crash: deletes around it may be missing
      const key = `${r.resource}/${r.namespace}/${r.name}`;
      if (r.operation === 'DELETED') {
        state.delete(key);
        continue;
      }
      state.set(key, `${r.uid}:${r.resourceVersion}`);
      const [, , generation = '0'] = r.id.split(':');
      const before = versions.get(`${r.uid}:${generation}`);
      if (before !== undefined)
        assert.ok((compareResourceVersions(before, r.resourceVersion) ?? 0) < 0, `${r.id} came after ${before}`);
      versions.set(`${r.uid}:${generation}`, r.resourceVersion);
    }
    assert.deepEqual([...state].sort(), [...(await living())].sort());
    checkTable(await rig.rig.rows(), records);
    const last = Math.max(...records.filter((r) => r.operation !== 'GAP').map((r) => Number(r.id.split(':')[2] ?? 0)));
    assert.equal(last, generations, 'the ids tell how often the server was restored');
    return records;
  }

  test('under the running program, and versions are given again before and after it has noticed', async () => {
    await write(300);
    await rig.rig.settled();
    await restore();
    await write(30);
    await until('it is noticed', () => rig.program.log.includes('WATCH_RESTORED'));
    await write(400);
    await verdict(1);
    assert.match(rig.program.log, /WATCH_RESTORED.*was restored from an older backup/);
    assert.ok((await rig.counter('watershard_watches_total', /restored/)) > 0);
  });

  test('what comes then is an ordinary stream, over a restart too', async () => {
    await write(100);
    await rig.program.kill();
    await write(100);
    await rig.run();
    await write(50);
    await verdict(1);
  });

  test('while the program is down', async () => {
    await rig.rig.settled();
    await rig.program.kill();
    await restore();
    await write(20);
    await rig.run();
    await write(100);
    await verdict(2);
  });

  test('while the program is down, and the server has passed the position again: it has to be told', async () => {
    await rig.rig.settled();
    await rig.program.kill();
    await restore();
    await write(800);
    await rig.run({}, '--relist');
    await write(50);
    await verdict(3);
  });
});
