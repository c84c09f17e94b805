import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DiscardPolicy } from '@nats-io/jetstream';
import { Redis } from 'ioredis';
import { Rig } from '../support/rig.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { freePort } from '../support/servers/process.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

describe('watershard snapshot', () => {
  let rig: Rig;
  /** Of the snapshots: a stream that has the changes of a run knows their ids already. */
  let nats: NatsServer;
  let workload: Workload;
  const snapshots: Watershard[] = [];
  const resources = ['pods', 'configmaps', 'deployments.apps'];
  const selection = { resources, namespaces: { include: ['alpha', 'beta'] } };
  before(async () => {
    [rig, nats] = await Promise.all([Rig.start(), NatsServer.start()]);
    await makeStream(nats.url);
    workload = new Workload(
      rig.kube,
      51,
      ['alpha', 'beta'],
      KINDS.filter((k) => resources.includes(k.name)),
    );
    await workload.prepare();
    await workload.create(600);
    await rig.program.start(rig.config({ watch: selection }));
    await rig.program.ready();
    await workload.churn(200);
    await rig.settled();
  });
  after(async () => {
    for (const s of snapshots) await s.kill();
    await rig.stop();
    await nats.stop();
  });

  const exporters = (folder: string, servers = nats.url): unknown[] => [
    { name: 'bus', type: 'jetstream', servers: [servers], stream: 'K8S' },
    { name: 'lake', type: 'parquet', url: `s3://bucket/${folder}`, endpoint: rig.s3.endpoint },
  ];
  async function start(changes: Record<string, unknown>): Promise<Watershard> {
    const snapshot = new Watershard(rig.s3.environment);
    snapshots.push(snapshot);
    await snapshot.start(rig.config({ watch: selection, ...changes }), 'snapshot');
    return snapshot;
  }
  async function redisContent(): Promise<Map<string, unknown>> {
    const redis = new Redis(rig.redis.url);
    const content = new Map<string, unknown>();
    for (const key of (await redis.keys('*')).sort())
      content.set(key, (await redis.type(key)) === 'hash' ? await redis.hgetall(key) : await redis.get(key));
    await redis.quit();
    return content;
  }
  const living = (): string[] => [...workload.living.values()].map((o) => `${o.uid}:${o.resourceVersion}`).sort();

  test('beside a run: exactly the living objects as SNAPSHOT and in the table inventory; the run is not touched', async () => {
    const before = await redisContent();
    const started = Date.now();
    const snapshot = await start({ exporters: exporters('once') });
    assert.equal(await snapshot.exited(), 0, snapshot.log);
    assert.match(snapshot.log, new RegExp(`snapshot: ${workload.living.size} records delivered`));
    assert.deepEqual(await redisContent(), before);

    const records = await readStream(nats.url);
    assert.deepEqual(records.map((r) => r.id).sort(), living());
    assert.ok(records.every((r) => r.operation === 'SNAPSHOT' && r.detectedBy === 'LIST'));

    const rows = await rig.query<Record<string, unknown>>(
      `SELECT id, resource_version, as_of, phase, images, "group", kind FROM read_parquet('s3://bucket/once/inventory/**/*.parquet',
       union_by_name = true, hive_partitioning = false)`,
    );
    assert.deepEqual(rows.map((r) => r.id).sort(), living());
    for (const row of rows) {
      const asOf = Date.parse(`${String(row.as_of).replace(' ', 'T').replace(/\+00$/, '')}Z`);
      assert.ok(asOf >= started - 1000 && asOf <= Date.now() + 1000, `as_of ${String(row.as_of)}`);
    }
    const pod = rows.find((r) => r.kind === 'Pod');
    assert.equal(pod?.phase, 'Pending');
    assert.match(JSON.stringify(pod?.images), /registry\.example\/app:1/);
    assert.equal(rows.find((r) => r.kind === 'ConfigMap')?.phase, null);
    const [changes] = await rig.query<{ n: string }>(
      "SELECT count(*) AS n FROM glob('s3://bucket/once/changes/**/*.parquet')",
    );
    assert.equal(Number(changes?.n), 0);

    await workload.churn(20);
    await rig.settled();
    assert.equal(await rig.program.stop(), 0, 'the run goes on as before');
  });

  test('again into the same place: each moment of the inventory is whole', async () => {
    const snapshot = await start({ exporters: exporters('once') });
    assert.equal(await snapshot.exited(), 0, snapshot.log);
    const rows = await rig.query<{ id: string; as_of: string }>(
      `SELECT id, as_of FROM read_parquet('s3://bucket/once/inventory/**/*.parquet', union_by_name = true)
       QUALIFY as_of = max(as_of) OVER (PARTITION BY resource, namespace)`,
    );
    assert.deepEqual(rows.map((r) => r.id).sort(), living());
  });

  test('a resource that is forbidden: the others are delivered, it ends with 1 and says which', async () => {
    const kubeconfig = join(rig.program.folder, 'plain.kubeconfig');
    writeFileSync(kubeconfig, rig.kube.kubeconfigText('{token: plain-token}'));
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rule = { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] };
    await rig.kube.must('POST', `${rbac}/clusterroles`, { metadata: { name: 'plain' }, rules: [rule] });
    await rig.kube.must('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'plain' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'plain' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'plain' },
    });
    const snapshot = await start({
      kubeconfig,
      watch: { resources: ['secrets', 'namespaces'] },
      exporters: exporters('forbidden'),
    });
    assert.equal(await snapshot.exited(), 1);
    assert.match(
      snapshot.log,
      /snapshot: not everything was delivered \(\d+ records were\):\n {2}secrets: .*forbidden/i,
    );
    const rows = await rig.query<{ resource: string }>(
      "SELECT DISTINCT resource FROM read_parquet('s3://bucket/forbidden/inventory/**/*.parquet', hive_partitioning = false)",
    );
    assert.deepEqual(rows, [{ resource: 'namespaces' }]);
  });

  test('a name that nothing is served under: it ends with 1 and says so', async () => {
    const snapshot = await start({
      watch: { resources: ['namespaces', 'nothings.example.com'] },
      exporters: exporters('unknown'),
    });
    assert.equal(await snapshot.exited(), 1);
    assert.match(snapshot.log, /not everything was delivered.*\n {2}nothings\.example\.com: /);
  });

  test('a sink that is away is waited for; told to end, it ends with 1 and says what is missing', async () => {
    const away = `nats://127.0.0.1:${await freePort()}`;
    const snapshot = await start({ exporters: exporters('away', away) });
    await until('it tries', () => /exporter.*bus/.test(snapshot.log));
    assert.equal(await snapshot.stop('SIGTERM'), 1, snapshot.log);
    assert.match(snapshot.log, /not everything was delivered \(0 records were\):\n.*\n {2}exporter bus: .*refused/);
  });

  test('a sink that has no room for all of it: the same, after the grace period', async () => {
    const full = await NatsServer.start();
    try {
      await makeStream(full.url, 'K8S', ['k8s.>'], { max_msgs: 5, discard: DiscardPolicy.New });
      const snapshot = await start({ exporters: exporters('full', full.url), drain: { timeout: '2s' } });
      await until('it says so', () => /EXPORTER_FULL/.test(snapshot.log));
      assert.equal(await snapshot.stop('SIGTERM', 20), 1, snapshot.log);
      assert.match(
        snapshot.log,
        /not everything was delivered[\s\S]*\n {2}pods@alpha: [\s\S]*\n {2}exporter bus: .*maximum messages/,
      );
      assert.doesNotMatch(snapshot.log, /next start/, 'there is none');
    } finally {
      await full.stop();
    }
  });
});
