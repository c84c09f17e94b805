import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/until.ts';
import { WIDGET_CRD } from '../support/workload.ts';
import { FaultRig } from './fault-rig.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const OBJECTS = 2000;

describe('what happens in a cluster, with real controllers', () => {
  let rig: FaultRig;
  before(async () => {
    const rules = [{ resources: ['widgets.example.com'], extract: { size: 'object.spec.size' }, diff: 'merge-patch' }];
    rig = await FaultRig.start({ seed: 8, kube: { controllers: true }, settings: { rules } });
    // Pods are taken only where the controllers have made the account that they run under.
    for (const { metadata } of (await rig.rig.kube.must('GET', '/api/v1/namespaces')).items) {
      const account = `/api/v1/namespaces/${metadata.name}/serviceaccounts/default`;
      await until(`${account} is there`, async () => (await rig.rig.kube.call('GET', account)).status === 200);
    }
    await rig.begin();
  });
  after(() => rig.stop());

  test(`a namespace is deleted with ${OBJECTS} objects in it: each is told of`, async () => {
    const { kube } = rig.rig;
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'doomed' } });
    let made = 0;
    const make = async (): Promise<void> => {
      while (made < OBJECTS) {
        const body = { metadata: { name: `object-${made++}` }, data: { value: 'x'.repeat(200) } };
        await kube.must('POST', '/api/v1/namespaces/doomed/configmaps', body);
      }
    };
    await Promise.all(Array.from({ length: 8 }, make));
    await kube.must('DELETE', '/api/v1/namespaces/doomed');
    await until(
      'the namespace has gone',
      async () => (await kube.call('GET', '/api/v1/namespaces/doomed')).status === 404,
      180,
    );
    const records = await rig.verdict();
    const doomed = records.filter((r) => r.namespace === 'doomed' && r.name.startsWith('object-'));
    assert.equal(doomed.filter((r) => r.operation === 'DELETED').length, OBJECTS);
  });

  test('a CRD is removed and made again with another schema, its field of another type', async () => {
    const { kube } = rig.rig;
    rig.load.start();
    await rig.load.writes(50);
    const crd = `${CRDS}/${WIDGET_CRD.metadata.name}`;
    await kube.must('DELETE', crd);
    await until('the CRD has gone', async () => (await kube.call('GET', crd)).status === 404);
    await rig.program.ready(90);
    const spec = { type: 'object', properties: { size: { type: 'string' } } };
    const [version] = WIDGET_CRD.spec.versions;
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
    await kube.must('POST', CRDS, {
      ...WIDGET_CRD,
      spec: { ...WIDGET_CRD.spec, versions: [{ ...version, schema }] },
    });
    const path = '/apis/example.com/v1/namespaces/alpha/widgets';
    await until('it is served', async () => (await kube.call('GET', path)).status === 200);
    for (const name of ['small', 'large'])
      await kube.must('POST', path, {
        apiVersion: 'example.com/v1',
        kind: 'Widget',
        metadata: { name },
        spec: { size: name },
      });
    await rig.load.writes(50);
    // What came before the new watch was open is listed, and what came and went before that cannot be seen.
    const records = await rig.verdict({ relisted: ['widgets.example.com'] });
    const size = (name: string): unknown =>
      records.find((r) => r.resource === 'widgets' && r.name === name)?.fields?.size;
    assert.deepEqual([size('small'), size('large')], ['small', 'large']);
    const table = await rig.rig.query<{ name: string }>(
      `SELECT name FROM read_parquet('s3://bucket/prefix/changes/**/*.parquet', union_by_name = true, hive_partitioning = true)
       WHERE resource = 'widgets.example.com' AND name IN ('small', 'large') ORDER BY name`,
    );
    assert.deepEqual(
      table.map((r) => r.name),
      ['large', 'small'],
    );
  });
});
