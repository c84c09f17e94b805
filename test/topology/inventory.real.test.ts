import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const SMALL = KINDS.filter((k) => ['configmaps', 'pods'].includes(k.name));

describe('inventories beside the stream', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 9, ['alpha'], SMALL);
    await workload.prepare();
    await workload.create(200);
    const config = rig.config() as { exporters: Record<string, unknown>[] };
    await rig.program.start({
      ...config,
      exporters: config.exporters.map((e) => (e.type === 'parquet' ? { ...e, inventoryInterval: '3s' } : e)),
    });
    await rig.program.ready();
  });
  after(() => rig.stop());

  test('each shows what lives, at one moment, and the stream of changes takes no notice', async () => {
    await workload.churn(300);
    await rig.settled();
    const living = [...workload.living.values()].map((o) => `${o.uid}:${o.resourceVersion}`).sort();
    const ids = await until('an inventory of the last state', async () => {
      const rows = await rig.query<{ id: string; as_of: string }>(
        "SELECT id, as_of::VARCHAR AS as_of FROM read_parquet('s3://bucket/prefix/inventory/**/*.parquet', union_by_name = true) WHERE namespace = 'alpha' AND as_of = (SELECT max(as_of) FROM read_parquet('s3://bucket/prefix/inventory/**/*.parquet', union_by_name = true))",
      );
      return rows.length === living.length && rows.map((r) => r.id).sort();
    });
    assert.deepEqual(ids, living);
    const records = await rig.records();
    assert.equal(records.filter((r) => r.operation === 'SNAPSHOT' && r.namespace === 'alpha').length, 200);
    assert.equal((await rig.rows()).length, records.length);
  });
});
