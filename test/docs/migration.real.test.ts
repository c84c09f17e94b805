import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { DuckDb } from '../support/duckdb.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { Watershard } from '../support/watershard.ts';
import { blocksOf } from './blocks.ts';

interface Exporter {
  readonly type: string;
}

describe('the examples of docs/migration do what their pages say', () => {
  let kube: KubeServer;
  let db: DuckDb;
  const program = new Watershard();
  before(async () => {
    [kube, db] = await Promise.all([KubeServer.start(), DuckDb.open()]);
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'team-a' } });
    const containers = [{ name: 'web', image: 'registry.example.com/web:1' }];
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers } };
    const spec = { replicas: 1, selector: { matchLabels: { app: 'web' } }, template };
    const apps = '/apis/apps/v1/namespaces/team-a';
    await kube.must('POST', `${apps}/deployments`, { metadata: { name: 'web' }, spec });
    const { metadata: owner } = await kube.must('POST', `${apps}/replicasets`, { metadata: { name: 'web-1' }, spec });
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: owner.uid }];
    await kube.must('POST', '/api/v1/namespaces/team-a/serviceaccounts', { metadata: { name: 'default' } });
    const pods = '/api/v1/namespaces/team-a/pods';
    const { metadata: pod } = await kube.must('POST', pods, {
      metadata: { name: 'web-1-a', labels: { app: 'web' }, ownerReferences },
      spec: { nodeName: 'node-1', containers, automountServiceAccountToken: false },
    });
    await kube.must('POST', pods, {
      metadata: { name: 'alone' },
      spec: { containers, automountServiceAccountToken: false },
    });
    const about = (name: string, uid: string): unknown => ({
      metadata: { name: `${name}.1` },
      involvedObject: { kind: 'Pod', namespace: 'team-a', name, uid },
      reason: 'Killing',
      type: 'Normal',
      message: 'Stopping container web',
      source: { component: 'kubelet', host: 'node-1' },
      count: 3,
      lastTimestamp: '2026-01-02T03:04:05Z',
    });
    for (const [name, uid] of [
      ['web-1-a', pod.uid as string],
      ['gone', '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11'],
    ] as const)
      await kube.must('POST', '/api/v1/namespaces/team-a/events', about(name, uid));
  });
  after(async () => {
    await program.kill();
    db.close();
    await kube.stop();
  });

  /** The configuration of a page, on the simulator, with its lake in a folder alone. */
  const configOf = (page: string): Record<string, unknown> => {
    const blocks = blocksOf(`docs/migration/${page}.md`).filter((b) => b.language === 'yaml');
    const text = blocks.find((b) => /^cluster:/m.test(b.text))?.text ?? '';
    const config = parse(text) as Record<string, unknown> & { exporters: Exporter[] };
    const [lake] = config.exporters.filter((e) => e.type === 'parquet');
    return {
      ...config,
      kubeconfig: kube.kubeconfig,
      dataDir: `./${page}-data`,
      exporters: [{ ...lake, url: `./${page}` }],
    };
  };
  const answerOf = async (page: string): Promise<Record<string, unknown>[]> => {
    const sql = blocksOf(`docs/migration/${page}.md`).find((b) => b.language === 'sql')?.text ?? '';
    const folder = join(program.folder, page);
    return (await db.query(
      sql.replaceAll("'lake/", `'${folder}/`).replaceAll("'s3://inventory/prod/", `'${folder}/`),
    )) as Record<string, unknown>[];
  };

  test('k8s-collector: a snapshot, and each pod with its owner', async () => {
    await program.start(configOf('k8s-collector'), 'snapshot');
    assert.equal(await program.exited(), 0, program.log);
    assert.deepEqual(await answerOf('k8s-collector'), [{ pod: 'web-1-a', owner_kind: 'ReplicaSet', owner: 'web-1' }]);
  });

  test('konih/kollect: the newest inventory has the attributes of the profile', async () => {
    await program.start(configOf('konih-kollect'), 'snapshot');
    assert.equal(await program.exited(), 0, program.log);
    const [row, ...more] = await answerOf('konih-kollect');
    assert.deepEqual(more, []);
    assert.deepEqual([row?.namespace, row?.name, Number(row?.replicas), row?.team], ['team-a', 'web', 1, null]);
    assert.match(JSON.stringify(row?.image), /registry\.example\.com\/web:1/);
  });

  test('k8stream: events with what they are about, also where that is gone', async () => {
    await program.start(configOf('k8stream'));
    await program.ready();
    await program.settled();
    assert.equal(await program.stop(), 0, program.log);
    // The API server has events of its own, about services that it repairs.
    const rows = (await answerOf('k8stream')).filter((row) => row.namespace !== 'default');
    assert.deepEqual(
      rows
        .map((row) => [row.about_name, row.reason, row.type, row.node, /web/.test(JSON.stringify(row.labels))])
        .sort(),
      [
        ['gone', 'Killing', 'Normal', null, false],
        ['web-1-a', 'Killing', 'Normal', 'node-1', true],
      ],
    );
  });
});
