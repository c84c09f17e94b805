import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { ExporterProbe } from '../support/exporter-probe.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { PubsubFront } from './pubsub-front.ts';
import { PubsubReader, type SubscriptionSettings } from './pubsub-reading.ts';

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAUTHENTICATED = 16;

let server: PubsubServer;
let reader: PubsubReader;
let front: PubsubFront;
const probes: ExporterProbe[] = [];

before(async () => {
  server = await PubsubServer.start();
  reader = new PubsubReader(server.host);
  front = await PubsubFront.start(server.endpoint);
});
after(async () => {
  await front.stop();
  await reader.close();
  await server.stop('SIGKILL');
});
afterEach(async () => {
  for (const { exporter } of probes.splice(0)) await exporter?.close();
  front.answer = () => undefined;
  front.calls.length = 0;
});

function probe(changes: Readonly<Record<string, unknown>>): ExporterProbe {
  const endpoint = `http://127.0.0.1:${front.port}`;
  const settings = { name: 'sink', type: 'pubsub', project: 'test', endpoint, ...changes };
  const made = new ExporterProbe({
    create: (context) => EXPORTERS.pubsub.create(EXPORTERS.pubsub.config.parse(settings), context),
  });
  probes.push(made);
  return made;
}

/** A topic that is read, in the order of its keys unless it is said. */
async function topicWith(topic: string, settings: SubscriptionSettings = {}): Promise<void> {
  await reader.createTopic(topic);
  await reader.subscribe(topic, topic, settings);
}

const ids = async (topic: string): Promise<(string | undefined)[]> =>
  (await reader.read(topic)).map(({ attributes }) => attributes['watershard-id']);

describe('pubsub', () => {
  test("Google's own client reads attributes and ordering keys, and filters by them", async () => {
    await topicWith('all');
    await reader.subscribe('all', 'deletes', { filter: 'attributes.watershard-operation = "DELETED"' });
    const sink = probe({ topic: 'projects/test/topics/all', project: 'another' });
    await sink.start();
    const records = [
      { name: 'a', version: 1, payload: Buffer.from('first') },
      { name: 'a', version: 2, operation: 'DELETED', payload: Buffer.from('last') },
    ] as const;
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    const message = (version: number, operation: string, data: string) => ({
      data: Buffer.from(data),
      attributes: {
        'content-type': 'application/json',
        'watershard-id': recordId('a', version),
        'watershard-operation': operation,
        'watershard-cluster': 'test',
        'watershard-resource': 'pods',
        'watershard-namespace': 'default',
        'watershard-name': 'a',
      },
      orderingKey: 'test/uid-a',
    });
    assert.deepEqual(await reader.read('all'), [message(1, 'UPDATED', 'first'), message(2, 'DELETED', 'last')]);
    assert.deepEqual(await reader.read('deletes'), [message(2, 'DELETED', 'last')]);
  });

  test('a message of kollect is its body and its ordering key', async () => {
    await topicWith('kollect');
    const sink = probe({ topic: 'kollect', encoding: 'kollect', clusterId: '' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, payload: Buffer.from([0, 255]) }] }));
    await sink.acked(1);
    assert.deepEqual(await reader.read('kollect'), [
      { data: Buffer.from([0, 255]), attributes: {}, orderingKey: 'uid-a' },
    ]);
  });

  test('a request has messages of one key, 1,000 and 10 MB at most; without ordering, of all', async () => {
    await topicWith('batches', { enableMessageOrdering: false });
    const records = [
      ...Array.from({ length: 2500 }, (_, i) => ({ name: 'many', version: i, payload: Buffer.from('x') })),
      ...Array.from({ length: 3 }, (_, i) => ({ name: 'large', version: i, payload: Buffer.alloc(2_400_000) })),
      ...Array.from({ length: 50 }, (_, i) => ({ name: `one-${i}`, version: 1, payload: Buffer.from('x') })),
    ];
    const sink = probe({ topic: 'batches' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    const keysOf = front.published.map(({ messages }) => new Set(messages.map(({ orderingKey }) => orderingKey)));
    assert.ok(keysOf.every((keys) => keys.size === 1));
    const sizes = front.published.filter(({ messages }) => messages[0]?.orderingKey === 'test/uid-many');
    assert.deepEqual(
      sizes.map(({ messages }) => messages.length),
      [1000, 1000, 500],
    );
    assert.deepEqual((await ids('batches')).length, records.length);

    front.calls.length = 0;
    const unordered = probe({ topic: 'batches', ordering: false });
    await unordered.start();
    assert.equal(unordered.exporter.capabilities.ordered, false);
    unordered.write(makeBatch({ sequence: 1, records }));
    await unordered.acked(1);
    assert.ok(front.published.length < 8, `${front.published.length} requests`);
    assert.ok(front.published.every(({ messages }) => messages.every(({ orderingKey }) => orderingKey === '')));
  });

  test('a key that fails is sent again in its order, and others pass', async () => {
    await topicWith('partial');
    const sink = probe({ topic: 'partial' });
    await sink.start();
    let failures = 0;
    front.answer = ({ request }) => {
      const fails = request?.messages[0]?.orderingKey === 'test/uid-bad' && failures < 3;
      return fails ? { code: INTERNAL, message: `failure ${++failures}` } : undefined;
    };
    const records = Array.from({ length: 300 }, (_, i) => ({
      name: i % 3 === 0 ? 'bad' : `good-${i % 5}`,
      version: i,
    }));
    sink.write(makeBatch({ sequence: 1, records }));
    await until('it fails', () => failures > 0);
    await sink.acked(1);
    const stored = await ids('partial');
    assert.deepEqual(stored.length, records.length, 'each once');
    for (const name of ['bad', 'good-0', 'good-1', 'good-2', 'good-3', 'good-4']) {
      const own = records.filter((r) => r.name === name).map(({ version }) => recordId(name, version));
      assert.deepEqual(
        stored.filter((id) => id?.startsWith(`uid-${name}:`)),
        own,
      );
    }
    assert.equal(failures, 3);
    assert.equal(sink.rejects.length, 0);
  });

  for (const [what, code, message, expected] of [
    ['refuses', INVALID_ARGUMENT, 'does not fit the schema', 'RECORD_REJECTED'],
    [
      'finds too large',
      INVALID_ARGUMENT,
      'Request payload size exceeds the limit: 10485760 bytes.',
      'RECORD_TOO_LARGE',
    ],
    ['does not even read', RESOURCE_EXHAUSTED, 'grpc: received message larger than max (9 vs. 8)', 'RECORD_TOO_LARGE'],
  ] as const) {
    test(`what the service ${what} is looked for among those of its key, and set aside: ${message}`, async () => {
      const topic = `poison-${expected}-${code}`;
      await topicWith(topic);
      const sink = probe({ topic });
      await sink.start();
      const isPoison = (data: unknown): boolean => String(Buffer.from(data as Uint8Array)) === 'poison';
      front.answer = ({ request }) =>
        request?.messages.some(({ data }) => isPoison(data)) ? { code, message } : undefined;
      const records = Array.from({ length: 40 }, (_, i) => ({
        name: `n-${i % 2}`,
        version: i,
        payload: Buffer.from(i === 13 ? 'poison' : 'good'),
      }));
      sink.write(makeBatch({ sequence: 1, records }));
      await sink.acked(1);
      assert.deepEqual(
        sink.rejects.map(({ id, error }) => [id, error.code]),
        [[recordId('n-1', 13), expected]],
      );
      const stored = await ids(topic);
      for (const name of ['n-0', 'n-1'])
        assert.deepEqual(
          stored.filter((id) => id?.startsWith(`uid-${name}:`)),
          records.filter((r) => r.name === name && r.version !== 13).map(({ version }) => recordId(name, version)),
        );
    });
  }

  test('a missing topic is named with the command that makes it, and is used as soon as it is there', async () => {
    const sink = probe({ topic: 'later' });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await until('health says so', () => sink.exporter.health().detail?.includes('EXPORTER_TARGET_MISSING') === true);
    assert.match(sink.exporter.health().detail ?? '', /gcloud pubsub topics create projects\/test\/topics\/later/);
    await topicWith('later');
    await started;
    assert.deepEqual(sink.exporter.health(), { ok: true });
  });

  test('makes the topics of a template where it may, and again what is deleted', async () => {
    const sink = probe({ topic: 'k8s.{resource}.{namespace}', createTopic: true });
    await sink.start();
    const write = async (sequence: number): Promise<void> => {
      const subjects = ['k8s.pods.default', 'k8s.nodes._'];
      const records = subjects.map((subject, i) => ({ name: `n${i}`, version: sequence, subject }));
      sink.write(makeBatch({ sequence, records }));
      await sink.acked(sequence);
    };
    await write(1);
    for (const topic of ['k8s.pods.default', 'k8s.nodes._']) await reader.subscribe(topic);
    await write(2);
    assert.deepEqual(await ids('k8s.nodes._'), [recordId('n1', 2)]);
    await reader.deleteTopic('k8s.pods.default');
    await write(3);
    await until('health is good again', () => sink.exporter.health().ok);
    await reader.subscribe('k8s.pods.default', 'again');
    await write(4);
    assert.deepEqual(await ids('again'), [recordId('n0', 4)]);
  });

  test('who may publish and may not look at the topic is let in; who may not publish is told so', async () => {
    await topicWith('rights');
    let may = false;
    front.answer = ({ method }) => {
      if (method === 'GetTopic') return { code: PERMISSION_DENIED, message: 'User not authorized' };
      const permission = Buffer.from('pubsub.topics.publish');
      if (method !== 'TestIamPermissions') return undefined;
      return { body: may ? Buffer.concat([Buffer.from([10, permission.length]), permission]) : Buffer.alloc(0) };
    };
    const sink = probe({ topic: 'rights' });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await until('health says so', () => sink.exporter.health().detail?.includes('EXPORTER_REFUSED') === true);
    assert.match(sink.exporter.health().detail ?? '', /projects\/test\/topics\/rights.*User not authorized/);
    may = true;
    await started;
    sink.open({ ...makeBatch({ sequence: 1, records: [] }).stream }, 1);
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
  });

  test('a connection that carries nothing any more is given up after ackTimeout, and the order stays', async () => {
    await topicWith('half-open');
    const proxy = await TcpProxy.start(server.port);
    try {
      const sink = probe({ topic: 'half-open', endpoint: `http://127.0.0.1:${proxy.port}`, ackTimeout: '500ms' });
      await sink.start();
      sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await sink.acked(1);
      proxy.blackhole();
      sink.write(makeBatch({ sequence: 2, records: [2, 3].map((version) => ({ name: 'a', version })) }));
      sink.write(makeBatch({ sequence: 3, records: [{ name: 'a', version: 4 }] }));
      await sink.acked(3);
      assert.equal(proxy.connections, 2);
      assert.deepEqual(
        await ids('half-open'),
        [1, 2, 3, 4].map((version) => recordId('a', version)),
      );
    } finally {
      await proxy.stop();
    }
  });

  test('PUBSUB_EMULATOR_HOST is used where no endpoint is set, and GOOGLE_CLOUD_PROJECT where no project is', async () => {
    await topicWith('environment');
    const sink = probe({ topic: 'environment', endpoint: undefined, project: undefined });
    process.env.PUBSUB_EMULATOR_HOST = server.host;
    process.env.GOOGLE_CLOUD_PROJECT = 'test';
    try {
      await sink.start();
    } finally {
      delete process.env.PUBSUB_EMULATOR_HOST;
      delete process.env.GOOGLE_CLOUD_PROJECT;
    }
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.deepEqual(await ids('environment'), [recordId('a', 1)]);
  });
});

describe('pubsub with TLS and credentials', () => {
  const folder = temporaryFolder('pubsub-tls');
  const file = (name: string): string => join(folder, name);
  let safe: PubsubFront;
  const settings = (): Readonly<Record<string, unknown>> => ({
    topic: 'safe',
    createTopic: true,
    endpoint: `https://127.0.0.1:${safe.port}`,
    keyFile: file('key.json'),
    tls: { ca: file('ca.crt') },
  });

  before(async () => {
    makePki(folder);
    leaf(folder, 'server', '/CN=pubsub', 'DNS:localhost,IP:127.0.0.1');
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    const account = { type: 'service_account', project_id: 'test', private_key_id: 'k1', private_key: key };
    writeFileSync(
      file('key.json'),
      JSON.stringify({ ...account, client_email: 'writer@test.example', client_id: '1' }),
    );
    const tls = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.crt')) };
    safe = await PubsubFront.start(server.endpoint, tls);
  });
  after(() => safe.stop());

  test('delivers with its own authority, in the project of the key, with tokens that it signs', async () => {
    const sink = probe({ ...settings(), project: undefined });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.equal(sink.exporter.status().topic, 'projects/test/topics/safe');
    const [, claims = ''] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(safe.calls.at(-1)?.authorization ?? '') ?? [];
    const { iss, scope } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: string; scope: string };
    assert.equal(iss, 'writer@test.example');
    assert.match(scope, /auth\/pubsub/);
  });

  test('refused and unusable credentials, and an authority that is not trusted, are said without a secret', async () => {
    const said = async (changes: Readonly<Record<string, unknown>>, what: RegExp): Promise<void> => {
      const sink = probe({ ...settings(), ...changes });
      await sink.create();
      const stop = new AbortController();
      const started = sink.exporter.start(stop.signal).catch(() => undefined);
      await until(
        () => JSON.stringify(sink.exporter.health()),
        () => what.test(sink.exporter.health().detail ?? ''),
      );
      assert.doesNotMatch(sink.exporter.health().detail ?? '', /PRIVATE KEY|Bearer/);
      stop.abort();
      await started;
    };
    safe.answer = () => ({ code: UNAUTHENTICATED, message: 'Request had invalid authentication credentials.' });
    await said({}, /invalid authentication credentials.*EXPORTER_REFUSED/);
    await said({ tls: {} }, /certificate.*EXPORTER_UNREACHABLE/);
    await said({ keyFile: file('nothing.json') }, /credentials in .*nothing\.json.*EXPORTER_REFUSED/);
    writeFileSync(file('broken.json'), '{"type":"service_account","private_key":"PRIVATE KEY');
    await said({ keyFile: file('broken.json') }, /broken\.json.*EXPORTER_REFUSED/);
  });

  test('a key that is renewed in its file is used once the old one is refused', async () => {
    const old = JSON.parse(readFileSync(file('key.json'), 'utf8')) as object;
    const write = (account: string): void =>
      writeFileSync(file('renewed.json'), JSON.stringify({ ...old, client_email: `${account}@test.example` }));
    const claims = (token = ''): string => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    safe.answer = ({ authorization }) =>
      claims(authorization).includes('old@') ? { code: UNAUTHENTICATED, message: 'revoked' } : undefined;
    write('old');
    const sink = probe({ ...settings(), keyFile: file('renewed.json') });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await until('it is refused', () => sink.exporter.health().detail?.includes('revoked') === true);
    write('new');
    await started;
    assert.deepEqual(sink.exporter.health(), { ok: true });
  });

  test('a file that is not there ends the start', async () => {
    const sink = probe({ ...settings(), tls: { ca: file('nothing.crt') } });
    await sink.create();
    await assert.rejects(sink.exporter.start(AbortSignal.timeout(10_000)), {
      code: 'EXPORTER_MISCONFIGURED',
      message: /nothing\.crt/,
    });
  });
});
