import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { HttpSink } from '../exporters/http-sink.ts';
import { AWS_ENVIRONMENT, type QueueMessage, SqsReader } from '../exporters/sqs-reading.ts';
import { BIN } from '../support/command-line.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const MAPS = '/api/v1/namespaces/web/configmaps';
const MANY = 25;

interface Sent {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uniqueId: string };
}

describe('watershard watch-proxy with endpoints of type sqs', () => {
  let kube: KubeServer;
  let sqs: ElasticMq;
  let reader: SqsReader;
  const behind = new HttpSink();
  const messages = new Map<string, QueueMessage[]>([
    ['wp', []],
    ['wp.fifo', []],
  ]);
  const urls = new Map<string, string>();
  const folder = temporaryFolder('watch-proxy-sqs');
  let stop = async (): Promise<number | null> => null;
  let log = '';

  const read = async (name: string): Promise<{ object: Sent; attributes: QueueMessage['attributes'] }[]> => {
    const own = messages.get(name) ?? [];
    own.push(...(await reader.drain(urls.get(name) ?? '')));
    return own.map(({ body, attributes }) => ({ object: JSON.parse(body) as Sent, attributes }));
  };

  before(async () => {
    [kube, sqs] = await Promise.all([KubeServer.start(), ElasticMq.start()]);
    reader = new SqsReader(sqs.endpoint);
    for (const name of messages.keys()) urls.set(name, await reader.create(name));
    await behind.start();
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'web' } });
    for (let i = 0; i < MANY; i++) await kube.must('POST', MAPS, { metadata: { name: `m-${i}` }, data: { a: '<' } });
    const ports = { ports: [{ port: 80 }], selector: { app: 'ui' } };
    await kube.must('POST', '/api/v1/namespaces/web/services', { metadata: { name: 'ui' }, spec: ports });
    const endpoint = (name: string) => ({ type: 'sqs', url: urls.get(name), region: 'us-east-1', namespaces: ['web'] });
    const config = {
      clusterName: 'dev',
      emitBatchMaxObjects: 50,
      remoteEndpoints: [endpoint('wp'), endpoint('wp.fifo'), { type: 'http', url: behind.url, namespaces: ['web'] }],
      resources: [
        { name: 'configmaps', pruneFields: ['metadata.resourceVersion'] },
        { name: 'services', assetId: 'svc', filterEvents: ['update'] },
      ],
    };
    const file = join(folder, 'config.yaml');
    writeFileSync(file, stringify(config));
    const own = ['-kubeconfig', kube.kubeconfig, '-data-dir', join(folder, 'volume')];
    const args = ['watch-proxy', '-c', file, ...own, '-listen', `127.0.0.1:${await freePort()}`];
    const env = { PATH: process.env.PATH ?? '', HOME: folder, ...AWS_ENVIRONMENT };
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env });
    process.once('exit', () => child.kill('SIGKILL'));
    child.stderr.on('data', (text) => {
      log += String(text);
    });
    stop = async () => {
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      return await ended;
    };
  });
  after(async () => {
    await Promise.all([kube.stop(), sqs.stop('SIGKILL'), behind.stop()]);
  });

  test('an endpoint behind those of type sqs gets everything', async () => {
    await until(
      () => `all is posted:\n${log}`,
      () => new Set(behind.stored.flatMap((body) => body.match(/"name":"m-\d+"/g) ?? [])).size >= MANY,
    );
  });

  test('a batch of more than ten, and objects without an AssetId, lose nothing; the Cluster is that of the configuration', async () => {
    let found: Awaited<ReturnType<typeof read>> = [];
    await until(
      () => `all is in the queue, of ${found.length}:\n${log}`,
      async () => {
        found = await read('wp');
        return new Set(found.map(({ object }) => object.metadata.name)).size >= MANY + 1;
      },
      60,
    );
    const of = (name: string) => found.find(({ object }) => object.metadata.name === name);
    assert.deepEqual(of('m-3')?.attributes, { ObjectType: 'configmaps', Cluster: 'dev', Event: 'add' });
    assert.deepEqual(of('ui')?.attributes, { ObjectType: 'services', AssetId: 'svc', Cluster: 'dev', Event: 'add' });
    const { body } = await kube.call('GET', `${MAPS}/m-3`);
    const { uid } = (body as { metadata: { uid: string } }).metadata;
    assert.equal(of('m-3')?.object.metadata.uniqueId, `dev-${uid}`);
    assert.deepEqual(Object.keys(of('m-3')?.object ?? {}), ['data', 'metadata'], 'the object alone');
    assert.deepEqual([...new Set(found.map(({ object }) => object.metadata.namespace))], ['web']);
  });

  test('a delete can be told from an update; filterEvents leaves out what it names', async () => {
    const uniqueIds = (await read('wp.fifo')).map(({ object }) => object.metadata.uniqueId);
    assert.equal(new Set(uniqueIds).size, uniqueIds.length, 'each once');
    await kube.must('PATCH', '/api/v1/namespaces/web/services/ui', { metadata: { labels: { a: 'b' } } });
    await kube.must('PATCH', `${MAPS}/m-1`, { data: { a: '2' } });
    await kube.must('DELETE', '/api/v1/namespaces/web/services/ui');
    await kube.must('DELETE', `${MAPS}/m-1`);
    const events = async (name: string) =>
      (await read('wp.fifo')).filter(({ object }) => object.metadata.name === name).map((m) => m.attributes.Event);
    await until(
      'all is told',
      async () => (await events('m-1')).at(-1) === 'delete' && (await events('ui')).at(-1) === 'delete',
    );
    assert.deepEqual(await events('m-1'), ['add', 'update', 'delete']);
    assert.deepEqual(await events('ui'), ['add', 'delete']);
  });

  test('it ends when it is told to, and the log holds no secret', async () => {
    assert.equal(await stop(), 0);
    assert.equal(log.includes(AWS_ENVIRONMENT.AWS_SECRET_ACCESS_KEY), false);
  });
});
