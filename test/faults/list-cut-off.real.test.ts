import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareResourceVersions } from '../../src/model/position.ts';
import { until } from '../support/until.ts';
import { FaultRig, of } from './fault-rig.ts';

const NAME = 'list-cut-off';
const PATH = `/api/v1/namespaces/alpha/configmaps`;

/**
 * A position has expired for one API server and not for another one behind the same address: the list that the first one caused
 * is cut off by a crash, and the second one would go on from before the list.
 */
describe('a crash in a list, and a server that still knows the position from before', () => {
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

  test('versions of an object never go back', async () => {
    await rig.run();
    await rig.rig.settled();
    assert.equal(await rig.program.stop(), 0);

    await change(1);
    await change(2);
    const expired = rig.api.add({
      when: of('configmaps', 'watch'),
      fault: {
        type: 'answer',
        status: 410,
        headers: { 'content-type': 'application/json' },
        body: '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}',
      },
    });
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
});
