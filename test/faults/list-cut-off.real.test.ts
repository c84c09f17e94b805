import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareResourceVersions } from '../../src/model/position.ts';
import { until } from '../support/until.ts';
import { cutAfterLines } from './bodies.ts';
import { FaultRig, of } from './fault-rig.ts';

const NAME = 'list-cut-off';
const PATH = `/api/v1/namespaces/alpha/configmaps`;

const EXPIRED = {
  type: 'answer',
  status: 410,
  headers: { 'content-type': 'application/json' },
  body: '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}',
} as const;

/**
 * A position has expired for one API server and not for another one behind the same address: the list that the first one caused
 * is cut off by a crash, and the second one would go on from before the list.
 */
describe('a crash, and a position that has expired for one server alone', () => {
  let rig: FaultRig;
  before(async () => {
    rig = await FaultRig.start();
    await rig.workload.create(20);
    await rig.rig.kube.must('POST', PATH, { metadata: { name: NAME }, data: { step: '0' } });
  });
  after(() => rig.stop());

  const change = (step: number): Promise<unknown> =>
    rig.rig.kube.must('PATCH', `${PATH}/${NAME}`, { data: { step: String(step) } });
  const versions = async (): Promise<string[]> =>
    (await rig.rig.records()).filter((r) => r.name === NAME).map((r) => r.resourceVersion);
  /** Files are closed when the test says so, by ending the program. */
  const exporters = (): Record<string, unknown>[] => {
    const [bus, lake] = rig.config().exporters as Record<string, unknown>[];
    return [bus as Record<string, unknown>, { ...lake, rotate: { interval: '1h' } }];
  };

  test('in a list: versions of an object never go back', async () => {
    await rig.run();
    await rig.rig.settled();
    assert.equal(await rig.program.stop(), 0);

    await change(1);
    await change(2);
    const expired = rig.api.add({ when: of('configmaps', 'watch'), fault: EXPIRED });
    await rig.program.start(rig.config({ exporters: exporters() }));
    await until('the list is in the stream', async () => (await versions()).length === 2);
    assert.ok(expired() > 0);
    await rig.program.kill();

    rig.heal();
    await change(3);
    await rig.run({ exporters: exporters() });
    await until('the last change is in the stream', async () => (await versions()).length >= 3);
    const seen = await versions();
    for (const [i, version] of seen.entries()) {
      const before = seen[i - 1];
      if (before !== undefined) assert.equal(compareResourceVersions(before, version), -1, seen.join(', '));
    }
    assert.equal(await rig.program.stop(), 0);
    await rig.run();
    await rig.verdict({ relisted: ['configmaps'] });
  });

  test('after a part of what was delivered is read again: a gap marker says that deletes may be missing', async () => {
    assert.equal(await rig.program.stop(), 0);
    const markers = async (): Promise<number> =>
      (await rig.rig.records()).filter((r) => r.operation === 'GAP' && r.resource === 'configmaps').length;
    const before = await markers();
    await rig.run({ exporters: exporters() });
    const create = (name: string): Promise<unknown> =>
      rig.rig.kube.must('POST', PATH, { metadata: { name }, data: { text: 'x'.repeat(2000) } });
    await change(4);
    for (const name of ['known-to-nobody-1', 'known-to-nobody-2']) await create(name);
    await until('all are in the stream', async () =>
      (await rig.rig.records()).some((r) => r.name === 'known-to-nobody-2'),
    );
    await rig.program.kill();
    for (const name of ['known-to-nobody-1', 'known-to-nobody-2']) await rig.rig.kube.must('DELETE', `${PATH}/${name}`);

    const cut = rig.api.add({
      when: of('configmaps', 'watch'),
      times: 1,
      fault: { type: 'body', change: cutAfterLines(1) },
    });
    const expired = rig.api.add({ when: of('configmaps', 'watch'), times: 1, fault: EXPIRED });
    await rig.run();
    await until('the list is made', () => cut() > 0 && expired() > 0);
    await rig.verdict({ relisted: ['configmaps'] });
    assert.equal(await markers(), before + 1);
  });
});
