import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkStream } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';

describe('real controllers at work', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.start({ controllers: true });
    await rig.program.start(
      rig.config({ watch: { resources: ['pods', 'deployments.apps', 'replicasets.apps', 'events'] } }),
    );
    await rig.program.ready();
  });
  after(() => rig.stop());

  test("a Deployment scaled up and down: every pod's life is in the stream, in order", async () => {
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'registry.example/web:1' }] } };
    const path = '/apis/apps/v1/namespaces/default/deployments';
    const pods = async (): Promise<{ metadata: { uid: string; name: string } }[]> =>
      (await rig.kube.must('GET', '/api/v1/namespaces/default/pods')).items;
    await rig.kube.must('POST', path, {
      metadata: { name: 'web' },
      spec: { replicas: 8, selector: { matchLabels: labels }, template },
    });
    const all = await until('8 pods', async () => {
      const list = await pods();
      return list.length === 8 && list;
    });
    await rig.kube.must('PATCH', `${path}/web`, { spec: { replicas: 3 } });
    const left = await until('3 pods', async () => {
      const list = await pods();
      return list.length === 3 && list;
    });
    await rig.kube.must('DELETE', `${path}/web?propagationPolicy=Foreground`);
    await until('no pods', async () => (await pods()).length === 0);
    await rig.settled();

    const records = await rig.records();
    checkStream(records);
    for (const { metadata } of all) {
      const life = records.filter((r) => r.uid === metadata.uid).map((r) => r.operation);
      assert.equal(life[0], 'CREATED', metadata.name);
      assert.equal(life.at(-1), 'DELETED', metadata.name);
      assert.ok(life.slice(1, -1).every((o) => o === 'UPDATED'));
    }
    const firstDeleted = records.filter((r) => r.operation === 'DELETED' && r.resource === 'pods').slice(0, 5);
    assert.ok(
      firstDeleted.every((r) => !left.some((p) => p.metadata.uid === r.uid)),
      'the pods scaled away went first',
    );
    assert.ok(records.some((r) => r.resource === 'events'));
    assert.ok(records.some((r) => r.resource === 'replicasets' && r.operation === 'DELETED'));
  });
});
