import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

describe('promise 5: the position of an idle stream advances by bookmarks, so that it does not expire', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(
      rig.kube,
      31,
      ['alpha'],
      KINDS.filter((k) => k.name === 'configmaps'),
    );
    await workload.prepare();
    await rig.program.start(config());
    await rig.program.ready();
    await workload.create(20);
    await rig.settled();
  });
  after(() => rig.stop());

  const config = (): Record<string, unknown> =>
    rig.config({ watch: { resources: ['configmaps', 'serviceaccounts', 'namespaces'] } });
  const positionOf = async (id: string): Promise<bigint> =>
    BigInt((await rig.program.status()).streams.find((s) => s.id === id)!.resourceVersion);

  test('while another resource changes, it is committed behind those changes, and a restart lists nothing', async () => {
    const before = await positionOf('namespaces');
    await workload.churn(100);
    await rig.settled();
    const changed = await positionOf('configmaps');
    assert.ok(changed > before, 'the busy stream moves at once');
    // The API server sends bookmarks about once a minute, with what etcd told it of its progress (servers/kube.ts).
    await until(
      'the idle streams have moved',
      async () => {
        await workload.churn(2);
        await wait(1000);
        return (await positionOf('namespaces')) > changed && (await positionOf('serviceaccounts')) > changed;
      },
      100,
    );
    assert.equal(await rig.program.stop(), 0);
    await rig.program.start(config());
    await rig.program.ready();
    await rig.settled();
    assert.doesNotMatch(await rig.program.metrics(), /watershard_lists_total\{/);
    assert.equal((await rig.program.status()).totals.records, 0);
  });
});
