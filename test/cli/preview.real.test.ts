import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import type { StreamPreview } from '../../src/topology/preview/report.ts';
import { type Answer, watershard } from '../support/command-line.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';

const folder = temporaryFolder('preview');
const PASSWORD = 'correct-horse';
const CONFIGMAPS = '/api/v1/namespaces/team-a/configmaps';

describe('preview', () => {
  let kube: KubeServer;
  let file = '';
  let connections = 0;
  const sink = createServer((socket) => {
    connections++;
    socket.destroy();
  });

  before(async () => {
    kube = await KubeServer.start();
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'team-a' } });
    for (let i = 0; i < 12; i++)
      await kube.must('POST', CONFIGMAPS, {
        metadata: { name: `map-${String(i).padStart(2, '0')}`, annotations: { 'example.com/note': 'x' } },
        data: { size: String(i), long: 'y'.repeat(1000) },
      });
    await kube.must('POST', '/api/v1/namespaces/team-a/secrets', {
      metadata: { name: 'door' },
      stringData: { password: PASSWORD },
    });
    const { port } = sink.address() as AddressInfo;
    file = join(folder, 'watershard.yaml');
    const config = {
      cluster: { name: 'demo' },
      kubeconfig: kube.kubeconfig,
      watch: { resources: ['configmaps', 'secrets', 'namespaces'], namespaces: { exclude: ['kube-system'] } },
      rules: [
        { resources: ['secrets'], prune: ['type'] },
        { resources: ['configmaps'], prune: ['data.long'], extract: { size: 'object.data.size' } },
      ],
      state: { url: `redis://127.0.0.1:${port}/0` },
      dataDir: join(folder, 'data'),
      exporters: [
        { name: 'bus', type: 'jetstream', servers: [`nats://127.0.0.1:${port}`], stream: 'K8S' },
        { name: 'lake', type: 'parquet', url: 's3://bucket/x', endpoint: `http://127.0.0.1:${port}` },
        { name: 'late', type: 'nats', servers: [`nats://127.0.0.1:${port}`], subject: 'a', operations: ['DELETED'] },
      ],
    };
    writeFileSync(file, stringify(config));
  });
  after(async () => {
    sink.close();
    await kube?.stop();
    // No sink and no state was contacted, and nothing written.
    assert.equal(connections, 0);
    assert.deepEqual(readdirSync(folder), ['watershard.yaml']);
  });

  const preview = (...args: string[]): Promise<Answer> => watershard(['preview', '-c', file, ...args]);
  const parsed = async (...args: string[]): Promise<StreamPreview[]> => {
    const { code, stdout, stderr } = await preview(...args, '--json');
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as StreamPreview[];
  };

  test('shows rows with fields, what was cut and masked, and sizes', async () => {
    const { code, stdout, stderr } = await preview('--limit', '5');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^configmaps: 5 of (an unknown number|\d+) objects looked at$/m);
    assert.match(stdout, /^ {2}operation +namespace +name +size +bus \(bytes\) +lake \(bytes\) +late \(bytes\)$/m);
    assert.match(stdout, /^ {2}SNAPSHOT +team-a +map-00 +"0" +\d{3,} +\d{3,} +0$/m);
    assert.match(stdout, /^ {2}cut +metadata\.managedFields \(in 5\)$/m);
    assert.match(stdout, /^ {2}masked +data\.password \(in 1\)$/m);
    assert.match(stdout, /^ {2}cut +type \(in 1\)$/m);
    assert.match(stdout, /^bus +json +more than \d.* not measured \(--watch 30s\)$/m);
    assert.doesNotMatch(stdout, new RegExp(PASSWORD));
    assert.doesNotMatch(stdout, new RegExp(Buffer.from(PASSWORD).toString('base64')));
  });

  test('as JSON it has the records, of one resource and one namespace', async () => {
    const streams = await parsed('--resource', 'cm', '--namespace', 'team-a', '--limit', '4');
    assert.deepEqual(
      streams.map(({ stream, sampled, total }) => ({ stream, sampled, total })),
      [{ stream: 'configmaps@team-a', sampled: 4, total: 12 }],
    );
    const [row] = streams[0]?.rows ?? [];
    const record = row?.record as { readonly object: { readonly data: unknown }; readonly fields: unknown };
    assert.deepEqual([record.fields, record.object.data], [{ size: '0' }, { size: '0' }]);
    const bus = streams[0]?.exporters.find((e) => e.name === 'bus');
    assert.equal(bus?.records, 4);
    assert.equal(bus?.snapshotBytes, Math.round(((bus?.bytes ?? 0) / 4) * 12));
    assert.equal(streams[0]?.exporters.find((e) => e.name === 'late')?.records, 0);
  });

  test('chooses by rule, and says what there is to choose from', async () => {
    const streams = await parsed('--rule', '0');
    assert.deepEqual(
      streams.map((s) => s.stream),
      ['secrets'],
    );
    const cases: [string[], number, RegExp][] = [
      [['--rule', '7'], 2, /there is no rule 7; there are: 0 \(secrets\); 1 \(configmaps\)/],
      [['--resource', 'pods'], 1, /error RESOURCE_UNKNOWN: .*watches nothing for resource pods/],
      [['--namespace', 'kube-system'], 2, /does not watch namespace kube-system/],
      [['--watch', 'soon'], 2, /Give a duration like/],
    ];
    for (const [args, code, words] of cases) {
      const answer = await preview(...args);
      assert.equal(answer.code, code, answer.stderr);
      assert.match(answer.stderr, words);
    }
  });

  test('watches for a while, and estimates the bytes of a day', async () => {
    let changing = true;
    const changes = (async () => {
      for (let i = 0; changing; i++) {
        await kube.must('PATCH', `${CONFIGMAPS}/map-00`, { data: { size: String(100 + i) } });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    const [stream] = await parsed('--resource', 'configmaps', '--watch', '3s');
    changing = false;
    await changes;
    assert.ok((stream?.changes?.events ?? 0) > 5, JSON.stringify(stream?.changes));
    assert.equal(stream?.changes?.records, stream?.changes?.events);
    const bus = stream?.exporters.find((e) => e.name === 'bus');
    assert.ok((bus?.bytesPerDay ?? 0) > 1e6, JSON.stringify(bus));
    assert.equal(stream?.exporters.find((e) => e.name === 'late')?.bytesPerDay, 0);
  });

  test('a resource that may not be read is told of, and the others are shown', async () => {
    const kubeconfig = join(kube.folder, 'plain.kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText('{token: plain-token}'));
    await kube.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'maps' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    });
    await kube.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'maps' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'maps' },
      subjects: [{ kind: 'User', name: 'plain' }],
    });
    const text = stringify({
      cluster: { name: 'demo' },
      kubeconfig,
      watch: { resources: ['configmaps', 'secrets'] },
      exporters: [{ name: 'out', type: 'file', path: '-' }],
    });
    const other = join(kube.folder, 'other.yaml');
    writeFileSync(other, text);
    const answer = await watershard(['preview', '-c', other]);
    assert.equal(answer.code, 1, answer.stderr);
    assert.match(answer.stdout, /^secrets: listing secrets: the API server answered 403 Forbidden/m);
    assert.match(answer.stdout, /^configmaps: 10 of \d+ objects looked at$/m);
  });
});
