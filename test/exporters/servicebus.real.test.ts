import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Message } from 'rhea';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun, type StoredRecord } from '../support/exporter-probe.ts';
import { AmqpStandIn } from '../support/servers/amqp-stand-in.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { connectTo, readBus, takeFromBus } from './servicebus-reading.ts';

const probes: ExporterProbe[] = [];
function probe(settings: Readonly<Record<string, unknown>>): ExporterProbe {
  const config = { name: 'sink', type: 'servicebus', ...settings };
  const made = new ExporterProbe({
    create: (context) => EXPORTERS.servicebus.create(EXPORTERS.servicebus.config.parse(config), context),
  });
  probes.push(made);
  return made;
}
afterEach(async () => {
  for (const { exporter } of probes.splice(0)) await exporter?.close();
});
const plain = (port: number, more: Readonly<Record<string, unknown>>): ExporterProbe =>
  probe({ host: '127.0.0.1', port, tls: false, ...more });
const detail = (sink: ExporterProbe): string => sink.exporter.health().detail ?? '';
const says = (sink: ExporterProbe, what: RegExp): Promise<unknown> =>
  until(
    () => `health says ${what}: ${detail(sink)}`,
    () => what.test(detail(sink)),
  );
const recordsOf = (texts: readonly (Buffer | string)[]): StoredRecord[] =>
  texts.map((text) => ({ ...(JSON.parse(String(text)) as StoredRecord), payload: Buffer.from(text) }));
const contents = (messages: Awaited<ReturnType<typeof readBus>>): StoredRecord[] =>
  recordsOf(messages.map(({ body }) => (body as { content: Buffer }).content));

describe('servicebus on Artemis', () => {
  let server: ArtemisServer;
  before(async () => {
    server = await ArtemisServer.start();
  });
  after(() => server.stop());

  test('a message has id, session, subject, type and properties, and a binary body', async () => {
    const sink = plain(server.port, { queue: 'wire', sessions: true });
    await sink.start();
    const payload = Buffer.from([0, 255]);
    const records = [{ name: 'a', version: 1, operation: 'CREATED', subject: 'k8s.c.core.pods.d.a', payload }] as const;
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    const [message] = await readBus(server.port, 'wire');
    const { durable, message_id, group_id, subject, content_type, application_properties, message_annotations } =
      message as Message;
    assert.deepEqual(message?.body.content, payload);
    assert.deepEqual(
      [durable, message_id, group_id, subject, content_type],
      [true, recordId('a', 1), 'test/uid-a', 'k8s.c.core.pods.d.a', 'application/json'],
    );
    assert.deepEqual(
      { ...application_properties },
      { 'watershard-id': recordId('a', 1), 'watershard-operation': 'CREATED', 'watershard-cluster': 'test' },
    );
    assert.equal(message_annotations?.['x-opt-partition-key'], 'test/uid-a');
  });

  test("kollect's messages, to a topic, have nothing but an id and their key as the partition's", async () => {
    const connection = connectTo(server.port);
    const heard: Message[] = [];
    const receiver = connection.open_receiver({ source: { address: 'kollect', capabilities: ['topic'] } });
    receiver.on('message', ({ message }) => message && heard.push(message));
    await new Promise((resolve) => receiver.once('receiver_open', resolve));
    const sink = plain(server.port, { topic: 'kollect', encoding: 'kollect', clusterId: '' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, payload: Buffer.from('e') }] }));
    await sink.acked(1);
    await until('the subscriber has it', () => heard.length === 1);
    connection.close();
    const { message_id, body, application_properties, subject, content_type, message_annotations } =
      heard[0] as Message;
    assert.deepEqual([message_id, String(body.content)], [recordId('a', 1), 'e']);
    assert.deepEqual([application_properties, subject, content_type], [undefined, undefined, undefined]);
    assert.equal(message_annotations?.['x-opt-partition-key'], 'uid-a');
  });

  test('a missing queue is named, and is used as soon as it is there', async () => {
    const sink = plain(server.port, { queue: 'missing.here' });
    await sink.create();
    const stop = new AbortController();
    const started = sink.exporter.start(stop.signal).catch(() => undefined);
    await says(sink, /missing\.here.*amqp:not-found.*create the queue.*EXPORTER_TARGET_MISSING/);
    stop.abort();
    await started;
  });

  test('what a full queue refuses is repeated until there is room, and each object stays in order', async () => {
    const sink = plain(server.port, { queue: 'full.queue' });
    await sink.start();
    const records = recordRun(120, 8);
    sink.write(makeBatch({ sequence: 1, records }));
    await says(sink, /full\.queue.*amqp:resource-limit-exceeded.*EXPORTER_FULL/);
    const taken: StoredRecord[] = [];
    await until('everything has passed', async () => {
      taken.push(...contents(await takeFromBus(server.port, 'full.queue')));
      return sink.lastAck() === 1 && new Set(taken.map(({ id }) => id)).size === records.length;
    });
    assertStored(taken, records, false);
  });

  test('where the broker gives no credit, health says so, and everything waits', async () => {
    const sink = plain(server.port, { queue: 'stop.queue', ackTimeout: '1s' });
    await sink.start();
    const records = recordRun(3000, 60);
    for (let i = 0; i < 30; i++)
      sink.write(makeBatch({ sequence: i + 1, records: records.slice(i * 100, i * 100 + 100) }));
    await says(sink, /no credit.*EXPORTER_FULL/);
    assert.ok(sink.lastAck() < 30);
    const taken: StoredRecord[] = [];
    await until('everything has passed', async () => {
      taken.push(...contents(await takeFromBus(server.port, 'stop.queue')));
      return sink.lastAck() === 30 && new Set(taken.map(({ id }) => id)).size === records.length;
    });
    assertStored(taken, records, false);
  });

  test('a half-open connection is given up', async () => {
    const proxy = await TcpProxy.start(server.port);
    const sink = plain(proxy.port, { queue: 'half-open', ackTimeout: '2s' });
    await sink.start();
    proxy.blackhole();
    const records = recordRun(20, 4);
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    assertStored(contents(await readBus(server.port, 'half-open')), records, false);
    await sink.exporter.close();
    await proxy.stop();
  });

  test('a connection that breaks while nothing is to be sent is opened again, and health tells both', async () => {
    const proxy = await TcpProxy.start(server.port);
    const sink = plain(proxy.port, { queue: 'idle', idleTimeout: '1s' });
    await sink.start();
    proxy.blackhole(true);
    await says(sink, /EXPORTER_UNREACHABLE/);
    proxy.heal();
    proxy.reset();
    await until('health is good again', () => sink.exporter.health().ok);
    await sink.exporter.close();
    await proxy.stop();
  });
});

describe('servicebus with TLS and a user', () => {
  let server: ArtemisServer;
  before(async () => {
    server = await ArtemisServer.start({
      user: 'sender',
      password: 'right+/=',
      acceptor: (folder) => {
        makePki(folder);
        leaf(folder, 'broker', '/CN=broker', 'DNS:localhost,IP:127.0.0.1');
        const store = ['-export', '-in', 'broker.crt', '-inkey', 'broker.key', '-out', 'broker.p12', '-passout'];
        execFileSync('openssl', ['pkcs12', ...store, 'pass:changeit'], { cwd: folder, stdio: 'pipe' });
        return [
          'sslEnabled=true;keyStoreType=PKCS12;keyStorePassword=changeit',
          `keyStorePath=${join(folder, 'broker.p12')}`,
          `needClientAuth=true;trustStoreType=PEMCA;trustStorePath=${join(folder, 'ca.crt')}`,
        ].join(';');
      },
    });
  });
  after(() => server.stop());
  const files = () => {
    const file = (name: string): string => join(server.folder, name);
    return { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') };
  };
  const secret = (more: Readonly<Record<string, unknown>> = {}) => ({ queue: 'safe', tls: files(), ...more });
  const connectionString = (password: string): string =>
    `Endpoint=sb://127.0.0.1:${server.port}/;SharedAccessKeyName=sender;SharedAccessKey=${password}`;

  test('delivers with a connection string, or with host, user and password', async () => {
    const ways = [
      { connectionString: connectionString('right+/=') },
      { host: '127.0.0.1', port: server.port, user: 'sender', password: 'right+/=' },
    ];
    for (const [i, way] of ways.entries()) {
      const sink = probe(secret({ ...way, queue: `safe-${i}` }));
      await sink.start();
      sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await sink.acked(1);
    }
  });

  test('a wrong key, a missing right and an authority that is not trusted are said, without the key', async () => {
    const cases: [Readonly<Record<string, unknown>>, RegExp][] = [
      [secret({ connectionString: connectionString('wrong-secret') }), /Failed to authenticate.*EXPORTER_REFUSED/],
      [
        secret({ connectionString: connectionString('right+/='), queue: 'forbidden.q' }),
        /unauthorized-access.*EXPORTER_REFUSED/,
      ],
      [secret({ connectionString: connectionString('right+/='), tls: true }), /certificate.*EXPORTER_UNREACHABLE/],
    ];
    for (const [settings, what] of cases) {
      const sink = probe(settings);
      await sink.create();
      const stop = new AbortController();
      const started = sink.exporter.start(stop.signal).catch(() => undefined);
      await says(sink, what);
      assert.doesNotMatch(detail(sink), /secret|right/);
      stop.abort();
      await started;
    }
  });
});

describe('servicebus on a server that answers as Azure is said to', () => {
  let server: AmqpStandIn;
  before(async () => {
    server = await AmqpStandIn.start({ user: 'policy', password: 'key=' });
  });
  after(() => server.stop());
  afterEach(() => {
    server.answer = () => 'accept';
    server.maxMessageSize = undefined;
    server.stored.length = 0;
    server.seen.length = 0;
  });
  const sinkOf = (more: Readonly<Record<string, unknown>> = {}): ExporterProbe =>
    plain(server.port, { user: 'policy', password: 'key=', queue: 'q', ...more });
  const write = (sink: ExporterProbe, records: ReturnType<typeof recordRun>): void =>
    sink.write(makeBatch({ sequence: 1, records }));

  for (const outcome of ['release', 'modify'] as const) {
    test(`what is given back (${outcome}) is sent again before what follows of its object`, async () => {
      const sink = sinkOf();
      await sink.start();
      const records = recordRun(60, 5);
      const picked = new Set([3, 4, 9, 30].map((i) => records[i] as { name: string; version: number }));
      const ids = new Set([...picked].map(({ name, version }) => recordId(name, version)));
      server.answer = (id, nth) => (ids.has(id) && nth < 2 ? outcome : 'accept');
      write(sink, records);
      await sink.acked(1);
      assertStored(recordsOf(server.stored.map(({ body }) => body)), records, true);
      assert.ok((await sink.metric('retries')) > 0);
      await until('health is good again', () => sink.exporter.health().ok);
    });
  }

  test('a rejection goes by its condition: what passes is sent again, what a message is sets it aside', async () => {
    const sink = sinkOf();
    await sink.start();
    const records = recordRun(5, 5);
    const id = (i: number): string => recordId(records[i]?.name ?? '', records[i]?.version ?? 0);
    server.answer = (given, nth) => {
      if (given === id(0) && nth === 0) return { condition: 'com.microsoft:server-busy', description: 'wait' };
      if (given === id(1)) return { condition: 'amqp:link:message-size-exceeded', description: 'too long' };
      if (given === id(2)) return { condition: 'com.microsoft:argument-error', description: 'no such argument' };
      if (given === id(3) && nth === 0) return { condition: 'example:unknown' };
      return 'accept';
    };
    write(sink, records);
    await sink.acked(1);
    assert.deepEqual(
      sink.rejects.map((reject) => [reject.id, reject.error.code]),
      [
        [id(1), 'RECORD_TOO_LARGE'],
        [id(2), 'RECORD_REJECTED'],
      ],
    );
    assert.deepEqual(server.stored.map((message) => message.id).toSorted(), [id(0), id(3), id(4)].toSorted());
  });

  test('a server that is busy is said', async () => {
    const sink = sinkOf();
    await sink.start();
    server.answer = () => ({ condition: 'com.microsoft:server-busy', description: 'The request was terminated' });
    write(sink, recordRun(3, 3));
    await says(sink, /sending to q .*com\.microsoft:server-busy The request was terminated.*EXPORTER_FULL/);
    server.answer = () => 'accept';
    await sink.acked(1);
  });

  test("what is larger than the link takes is set aside, and isn't sent", async () => {
    server.maxMessageSize = 4096;
    const sink = sinkOf();
    await sink.start();
    const large = { name: 'large', version: 1, payload: Buffer.alloc(4000, 'x') };
    sink.write(makeBatch({ sequence: 1, records: [large, { name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.deepEqual(server.seen, [recordId('a', 1)]);
    assert.match(sink.rejects[0]?.error.message ?? '', /more than 4096.*link of q/);
  });

  test('an entity that is missing is named, though its link is opened first', async () => {
    server.missing.add('nowhere');
    const sink = sinkOf({ queue: undefined, topic: 'nowhere' });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await says(sink, /nowhere.*amqp:not-found The messaging entity.*create the topic.*EXPORTER_TARGET_MISSING/);
    server.missing.clear();
    await started;
  });

  test('a link that the broker ends as idle is no trouble, and is opened for the next record', async () => {
    const sink = sinkOf();
    await sink.start();
    write(sink, recordRun(3, 3));
    await sink.acked(1);
    server.detach('amqp:link:detach-forced');
    await until('the link is gone', () => sink.exporter.status().connected === false);
    assert.deepEqual(sink.exporter.health(), { ok: true });
    sink.write(makeBatch({ sequence: 2, records: [{ name: 'z', version: 9 }] }));
    await sink.acked(2);
    assert.equal(server.stored.at(-1)?.id, recordId('z', 9));
  });

  test('a link that ends with messages on their way is opened again, and they are sent in order', async () => {
    const sink = sinkOf();
    await sink.start();
    const records = recordRun(200, 11);
    let left = 90;
    server.answer = () => (left-- > 0 ? 'accept' : 'silence');
    write(sink, records);
    await until('some are on their way', () => left < 0);
    server.answer = () => 'accept';
    server.detach('amqp:internal-error');
    await sink.acked(1);
    assertStored(recordsOf(server.stored.map(({ body }) => body)), records, false);
  });

  test('messages that are never settled are sent again over a new connection', async () => {
    const sink = sinkOf({ ackTimeout: '500ms' });
    await sink.start();
    const records = recordRun(20, 20);
    server.answer = (_, nth) => (nth === 0 ? 'silence' : 'accept');
    write(sink, records);
    await sink.acked(1);
    assertStored(recordsOf(server.stored.map(({ body }) => body)), records, true);
  });

  test('a wrong key is said without it', async () => {
    const sink = sinkOf({ password: 'wrong-secret' });
    await sink.create();
    const stop = new AbortController();
    const started = sink.exporter.start(stop.signal).catch(() => undefined);
    await says(sink, /Failed to authenticate.*EXPORTER_REFUSED/);
    assert.doesNotMatch(detail(sink), /secret/);
    stop.abort();
    await started;
  });
});
