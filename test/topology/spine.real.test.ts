import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta', 'gamma'];

describe('one cluster to JetStream and Parquet', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 1, NAMESPACES);
    await workload.prepare();
  });
  after(() => rig.stop());

  test('10,000 objects, then 5,000 random changes: stream and tables equal what etcd holds, record by record', async () => {
    await workload.create(10_000);
    const first = workload.writes.length;
    await rig.program.start(rig.config());
    await rig.program.ready(90);
    await workload.churn(5000);
    await rig.settled();

    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes.slice(first), 'the stream');
    checkLiving(records, workload, NAMESPACES);
    checkTable(await rig.rows(), records);
  });

  test('the listed objects were snapshots, seen by a list; the changes were seen by the watch', async () => {
    const records = (await rig.records()).filter((r) => NAMESPACES.includes(r.namespace));
    const snapshots = records.filter((r) => r.operation === 'SNAPSHOT');
    assert.equal(snapshots.length, 10_000);
    assert.ok(snapshots.every((r) => r.detectedBy === 'LIST'));
    assert.ok(records.filter((r) => r.operation !== 'SNAPSHOT').every((r) => r.detectedBy === 'WATCH'));
  });

  test('subjects can be taken apart again, namespaces left out are left out', async () => {
    const records = await rig.records();
    const pod = records.find((r) => r.resource === 'pods');
    assert.equal(pod?.subject, `k8s.demo.core.pods.${pod?.namespace}.${pod?.name}`);
    assert.ok(records.some((r) => r.subject.startsWith('k8s.demo.example%2Ecom.widgets.')));
    assert.ok(records.every((r) => r.namespace !== 'kube-system'));
  });

  test('extracted fields are typed columns, patches lead from the last delivered state to this one', async () => {
    const [row] = await rig.query<{ phase: string; images: unknown; n: bigint }>(
      "SELECT any_value(phase) AS phase, any_value(images) AS images, count(*) AS n FROM read_parquet('s3://bucket/prefix/changes/*/resource=pods/**/*.parquet') WHERE operation = 'SNAPSHOT'",
    );
    assert.equal(row?.phase, 'Pending');
    assert.match(JSON.stringify(row?.images), /registry\.example\/app:1/);
    // The API server updates a pod by itself when it is deleted; the first update of the workload is another one.
    const update = (await rig.records()).find(
      (r) =>
        r.resource === 'pods' && r.operation === 'UPDATED' && !JSON.stringify(r.patch).includes('deletionTimestamp'),
    );
    assert.match(JSON.stringify(update?.patch), /example\.com\/value/);
    assert.deepEqual(update?.fields, { phase: 'Pending', images: ['registry.example/app:1'] });
  });

  test('the metrics tell what was acknowledged, and how long it took', async () => {
    const metrics = await rig.program.metrics();
    for (const exporter of ['bus', 'lake']) {
      const value = (name: string): number =>
        Number(new RegExp(`^${name}\\{exporter="${exporter}"\\} (\\S+)$`, 'm').exec(metrics)?.[1]);
      assert.equal(value('watershard_exporter_records_total'), (await rig.records()).length);
      assert.ok(value('watershard_exporter_ack_seconds_count') > 0);
      assert.equal(value('watershard_exporter_connected'), 1);
    }
    assert.match(metrics, /^watershard_lists_total\{stream="pods",result="ok"\} 1$/m);
  });

  test('integers beyond 2^53 arrive unchanged', async () => {
    const rows = await rig.query<{ object: string }>(
      "SELECT object FROM read_parquet('s3://bucket/prefix/changes/*/resource=widgets.example.com/**/*.parquet') WHERE operation = 'SNAPSHOT' LIMIT 1",
    );
    assert.match(rows[0]!.object, /"big":9007199254740993/);
  });

  test('stopped and started with no change: nothing is sent', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = (await rig.records()).length;
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.equal((await rig.program.status()).totals.records, 0);
    assert.equal((await rig.records()).length, before);
  });
});
