import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { DiscardPolicy, type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import type { Exporter, ExporterContext } from '../../src/exporters/exporter.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { until } from '../support/until.ts';
import { readStream } from './jetstream-reading.ts';

const USERS = `
authorization { users: [
  { user: all, password: "pass-all" },
  { user: narrow, password: "pass-narrow", permissions: { publish: ["k8s.test.apps.>", "$JS.API.>"] } },
  { user: blind, password: "pass-blind", permissions: { publish: ["k8s.test.>"], subscribe: ["_INBOX.>"] } },
  { user: deaf, password: "pass-deaf", permissions: { publish: [">"], subscribe: ["other.>"] } },
] }`;

let server: NatsServer;
let connection: NatsConnection;
let manager: JetStreamManager;
let probe: ExporterProbe;
let logs: string[];

before(async () => {
  server = await NatsServer.start(USERS);
});
after(() => server.stop());
beforeEach(async () => {
  connection = await connect({ servers: server.url, user: 'all', pass: 'pass-all' });
  manager = await jetstreamManager(connection);
  logs = [];
});
afterEach(async () => {
  await probe.exporter?.close();
  await server.removeStreams(manager);
  await connection.close();
});

/** An exporter with these settings, as user `all`. */
function prepare(settings: Record<string, unknown> = {}): ExporterProbe {
  const config = EXPORTERS.jetstream.config.parse({
    name: 'sink',
    type: 'jetstream',
    servers: [server.url],
    stream: 'K8S',
    user: 'all',
    password: 'pass-all',
    ...settings,
  });
  const create = (context: ExporterContext): Promise<Exporter> => EXPORTERS.jetstream.create(config, context);
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logs.push(line) });
  probe = new ExporterProbe({ create }, { logger });
  return probe;
}

async function addStream(settings: Partial<StreamConfig> = {}): Promise<void> {
  await manager.streams.add({ name: 'K8S', subjects: ['k8s.test.>'], ...settings });
}

const stored = (): ReturnType<typeof readStream> =>
  readStream({ servers: server.url, user: 'all', pass: 'pass-all' }, 'K8S');

test('a missing stream is named with the command that makes it, and is used as soon as it is there', async () => {
  const exporter = await prepare().create();
  const started = exporter.start(AbortSignal.timeout(20_000));
  await until('health tells it', () => /EXPORTER_TARGET_MISSING/.test(exporter.health().detail ?? ''));
  assert.match(exporter.health().detail ?? '', /nats stream add K8S --subjects 'k8s\.test\.>'.*createStream: true/);
  await addStream();
  await started;
  assert.deepEqual(exporter.health(), { ok: true });
});

test('creates the stream where that is asked for, with its settings', async () => {
  await prepare({ createStream: { duplicateWindow: '5m', maxAge: '1h', maxBytes: '10MiB' } }).start();
  const { config } = await manager.streams.info('K8S');
  assert.deepEqual(
    [config.subjects, config.storage, config.duplicate_window, config.max_age, config.max_bytes],
    [['k8s.test.>'], 'file', 300e9, 3600e9, 10 * 2 ** 20],
  );
});

test('ends the start where the subjects of the stream are others', async () => {
  await addStream({ subjects: ['other.>'] });
  await assert.rejects(prepare().start(), {
    code: 'EXPORTER_MISCONFIGURED',
    message: /take none of ours \(k8s\.test\..*nats stream edit K8S/,
  });
});

test('ends the start where another stream has the subjects of the one to create', async () => {
  await addStream({ name: 'OTHER' });
  await assert.rejects(prepare({ createStream: true }).start(), {
    code: 'EXPORTER_MISCONFIGURED',
    message: /another stream/,
  });
});

test('warns of a short duplicate window', async () => {
  await addStream({ duplicate_window: 5e9 });
  await prepare().start();
  assert.match(logs.join(''), /suppresses duplicates for 5 s only.*--dupe-window 60s/);
});

test('a replay of the same records stores none of them twice', async () => {
  await addStream();
  const records = recordRun(300, 20);
  await prepare().start();
  probe.write(makeBatch({ sequence: 1, records }));
  await probe.acked(1);
  await probe.exporter.close();
  await prepare().start([], 1);
  probe.write(makeBatch({ sequence: 1, records }));
  await probe.acked(1);
  assertStored(await stored(), records, true);
  assert.equal(await probe.metric('duplicates'), 300);
  assert.equal(await probe.metric('records'), 300);
});

test('holds records while the stream does not exist, and stores all of them after it was made again', async () => {
  await addStream();
  const records = recordRun(200, 10);
  await prepare().start();
  await manager.streams.delete('K8S');
  for (let i = 0; i < 20; i++) probe.write(makeBatch({ sequence: i + 1, records: records.slice(i * 10, i * 10 + 10) }));
  await until('health tells it', () =>
    /EXPORTER_TARGET_MISSING: .*does not exist|does not exist.*EXPORTER_TARGET_MISSING/.test(
      probe.exporter.health().detail ?? '',
    ),
  );
  assert.equal(probe.lastAck(), 0);
  await addStream();
  await probe.acked(20);
  assertStored(await stored(), records, true);
  await until('health is good again', () => probe.exporter.health().ok);
});

test('a stream that is deleted is missed also where someone listens on its subjects, and the server tells of no lack', async () => {
  await addStream();
  const records = recordRun(100, 10);
  await prepare({ ackTimeout: '300ms' }).start();
  const listening = connection.subscribe('k8s.>');
  await connection.flush();
  await manager.streams.delete('K8S');
  for (let i = 0; i < 10; i++) probe.write(makeBatch({ sequence: i + 1, records: records.slice(i * 10, i * 10 + 10) }));
  await until('health tells it', () => /EXPORTER_TARGET_MISSING/.test(probe.exporter.health().detail ?? ''), 20);
  await addStream();
  await probe.acked(10);
  assertStored(await stored(), records, true);
  listening.unsubscribe();
});

test('makes the stream again where it may', async () => {
  await prepare({ createStream: true }).start();
  await manager.streams.delete('K8S');
  probe.write(makeBatch({ sequence: 1, records: recordRun(10, 10) }));
  await probe.acked(1);
  assert.equal((await stored()).length, 10);
});

test('waits for a full stream, keeps the order, and says so', async () => {
  await addStream({ max_msgs: 10, discard: DiscardPolicy.New });
  const records = recordRun(60, 4);
  await prepare().start();
  for (let i = 0; i < 6; i++) probe.write(makeBatch({ sequence: i + 1, records: records.slice(i * 10, i * 10 + 10) }));
  await until('health tells it', () => /EXPORTER_FULL/.test(probe.exporter.health().detail ?? ''));
  assert.match(probe.exporter.health().detail ?? '', /maximum messages exceeded/);
  await manager.streams.update('K8S', { max_msgs: -1 });
  await probe.acked(6);
  assertStored(await stored(), records, true);
  assert.equal(await probe.metric('rejected'), 0);
});

test('a record above the limit of the stream goes aside by the same rule as one above that of the server', async () => {
  await addStream({ max_msg_size: 2000 });
  await prepare().start();
  const large = { name: 'large', version: 1, payload: Buffer.alloc(3000, 'x') };
  probe.write(makeBatch({ sequence: 1, records: [large, { name: 'a', version: 1 }] }));
  await probe.acked(1);
  assert.deepEqual(
    probe.rejects.map((r) => [r.id, r.error.code]),
    [[recordId('large', 1), 'RECORD_TOO_LARGE']],
  );
  assert.equal((await stored()).length, 1);
});

test('the limit may shrink while it runs: the answer of the server decides', async () => {
  await addStream();
  await prepare().start();
  await manager.streams.update('K8S', { max_msg_size: 2000 });
  const large = recordRun(50, 50).map((r) => ({ ...r, payload: Buffer.alloc(3000, 'x') }));
  probe.write(makeBatch({ sequence: 1, records: large }));
  probe.write(makeBatch({ sequence: 2, records: [{ name: 'a', version: 1 }] }));
  await probe.acked(2);
  assert.equal(probe.rejects.length, 50);
});

test('sets aside a record whose subject cannot be one', async () => {
  await addStream();
  await prepare().start();
  const bad = [
    { name: 'a', version: 1, subject: 'k8s.test.a b' },
    { name: 'b', version: 1, subject: `k8s.test.${'x'.repeat(5000)}` },
  ];
  probe.write(makeBatch({ sequence: 1, records: [...bad, { name: 'c', version: 1 }] }));
  await probe.acked(1);
  assert.deepEqual(
    probe.rejects.map((r) => r.error.code),
    ['RECORD_REJECTED', 'RECORD_REJECTED'],
  );
  assert.deepEqual(probe.exporter.health(), { ok: true });
});

test('a wrong password is told, without the password', async () => {
  const exporter = await prepare({ password: 'not-this-one' }).create();
  const stop = new AbortController();
  const started = exporter.start(stop.signal);
  await until('health tells it', () => /EXPORTER_REFUSED/.test(exporter.health().detail ?? ''));
  stop.abort();
  await assert.rejects(started);
  assert.doesNotMatch(
    `${logs.join('')}${exporter.health().detail}${JSON.stringify(exporter.status())}`,
    /not-this-one/,
  );
});

test('a subject that the user may not publish to holds the records back and is told', async () => {
  await addStream();
  await prepare({ user: 'narrow', password: 'pass-narrow' }).start();
  probe.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
  await until('health tells it', () =>
    /may not publish to k8s\.test\.core\.pods\.\*\.\*.*EXPORTER_REFUSED/.test(probe.exporter.health().detail ?? ''),
  );
  assert.doesNotMatch(JSON.stringify(probe.exporter.health()), /default/, 'whose object it is, is not told');
  assert.equal(probe.lastAck(), 0);
});

test('a user who may not look at the stream can still publish', async () => {
  await addStream();
  await prepare({ user: 'blind', password: 'pass-blind' }).start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(10, 10) }));
  await probe.acked(1);
  assert.match(logs.join(''), /may not look at stream K8S/);
});

test('a user who may not receive the answers is told at start', async () => {
  await addStream();
  const exporter = await prepare({ user: 'deaf', password: 'pass-deaf' }).create();
  const stop = new AbortController();
  const started = exporter.start(stop.signal);
  await until('health tells it', () =>
    /may not (subscribe|read).*EXPORTER_REFUSED/.test(exporter.health().detail ?? ''),
  );
  stop.abort();
  await assert.rejects(started);
});

test('sends again what is not answered in time; one copy is stored and what is outstanding stays bounded', async () => {
  await addStream();
  await prepare({ ackTimeout: '300ms', maxInFlight: 50 }).start();
  const records = recordRun(400, 100);
  server.signal('SIGSTOP');
  try {
    for (let i = 0; i < 4; i++)
      probe.write(makeBatch({ sequence: i + 1, records: records.slice(i * 100, i * 100 + 100) }));
    await until('messages are sent again', async () => (await probe.metric('retries')) >= 50);
    assert.ok(Number(probe.exporter.status().inFlight) <= 50);
    assert.match(probe.exporter.health().detail ?? '', /not answered within 0\.3 s/);
  } finally {
    server.signal('SIGCONT');
  }
  await probe.acked(4);
  assertStored(await stored(), records, true);
  await until('health is good again', () => probe.exporter.health().ok);
});

test('one busy object does not hold up the others', async () => {
  await addStream();
  await prepare({ maxInFlight: 8 }).start();
  const busy = recordRun(3000, 1).map((r) => ({ ...r, name: 'busy' }));
  const other = { ...makeBatch({ sequence: 1, records: [] }).stream, id: 'pods@other' };
  probe.write(makeBatch({ sequence: 1, records: busy }));
  probe.write(makeBatch({ stream: other, sequence: 1, records: recordRun(5, 5) }));
  await probe.acked(1, other.id);
  assert.equal(probe.lastAck(), 0);
  await probe.acked(1);
  const messages = await stored();
  assertStored(messages, [...busy, ...recordRun(5, 5)], true);
});

test('bounds the bytes that are outstanding, and lets one larger message through by itself', async () => {
  await addStream();
  await prepare({ maxInFlightBytes: '10KiB' }).start();
  const records = recordRun(40, 40).map((r) => ({ ...r, payload: Buffer.alloc(4000, 'x') }));
  probe.write(
    makeBatch({ sequence: 1, records: [...records, { name: 'big', version: 1, payload: Buffer.alloc(100_000, 'x') }] }),
  );
  assert.equal(probe.exporter.status().inFlight, 2);
  await probe.acked(1);
  assert.equal((await stored()).length, 41);
});

test('writes the identity, and CloudEvents attributes in binary mode, into headers', async () => {
  await addStream();
  await prepare({ encoding: 'cloudevents', cloudEventsMode: 'binary' }).start();
  probe.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 7, operation: 'CREATED' }] }));
  await probe.acked(1);
  const [message] = await stored();
  const header = (name: string): string | undefined => message?.headers?.get(name);
  assert.equal(message?.subject, 'k8s.test.core.pods.default.a');
  assert.deepEqual(
    [
      'Nats-Msg-Id',
      'Watershard-Operation',
      'Nats-Expected-Stream',
      'ce-specversion',
      'ce-source',
      'ce-type',
      'ce-id',
      'ce-subject',
    ].map(header),
    [
      'uid-a:7',
      'CREATED',
      'K8S',
      '1.0',
      '/clusters/test/core/pods',
      'dev.watershard.resource.created',
      'uid-a:7',
      'default/a',
    ],
  );
});

test('a file that is missing for TLS, or a server that does not offer it, is told', async () => {
  const exporter = await prepare({ tls: { ca: join(server.folder, 'no-such.pem') } }).create();
  const stop = new AbortController();
  const started = exporter.start(stop.signal);
  await until('health tells it', () => /EXPORTER_UNREACHABLE/.test(exporter.health().detail ?? ''));
  stop.abort();
  await assert.rejects(started);
});
