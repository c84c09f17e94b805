import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { pino } from 'pino';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import type { Stream } from '../../src/model/resource.ts';
import { makeBatch, PODS, recordId, type TestRecord } from '../support/batches.ts';
import { assertStored, ExporterProbe, PATIENCE, recordRun } from '../support/exporter-probe.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { type Behaviour, HttpSink } from './http-sink.ts';

const folder = temporaryFolder('http');
const opened: { probe: ExporterProbe; sink: HttpSink }[] = [];
const logs: string[] = [];

afterEach(async () => {
  for (const { probe, sink } of opened.splice(0)) {
    await probe.exporter?.close();
    await sink.stop();
  }
  logs.length = 0;
});

async function probeOf(
  settings: Record<string, unknown> = {},
  sink = new HttpSink(),
): Promise<{ probe: ExporterProbe; sink: HttpSink }> {
  await sink.start();
  const config = EXPORTERS.http.config.parse({
    name: 'sink',
    type: 'http',
    url: sink.url,
    batch: { records: 100, interval: '10ms' },
    ...settings,
  });
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logs.push(line) });
  const probe = new ExporterProbe({ create: (context) => EXPORTERS.http.create(config, context) }, { logger });
  opened.push({ probe, sink });
  return { probe, sink };
}

const ids = (sink: HttpSink): string[] =>
  sink.stored.flatMap((body) => (JSON.parse(body) as { id: string }[]).map(({ id }) => id));
const stored = (sink: HttpSink): { id: string; key: string; operation: string; payload: Uint8Array }[] =>
  sink.stored.flatMap((body) => JSON.parse(body) as []);
const batches = (count: number, size: number, keys: number): TestRecord[][] => {
  const records = recordRun(count * size, keys);
  return Array.from({ length: count }, (_, i) => records.slice(i * size, (i + 1) * size));
};
const writeAll = (probe: ExporterProbe, all: TestRecord[][]): void =>
  all.forEach((records, i) => {
    probe.write(makeBatch({ sequence: i + 1, records }));
  });

test('a server that misbehaves in every way loses nothing, and the order of each key stands', async () => {
  const { probe, sink } = await probeOf({ batch: { records: 7, interval: '5ms' }, requestTimeout: '300ms' });
  await probe.start();
  const faults: Behaviour[] = [
    { type: 'reset-before' },
    { type: 'reset-after' },
    { type: 'answer', status: 500, text: 'out of order' },
    { type: 'half' },
    { type: 'answer', status: 429, headers: { 'retry-after': '0' } },
    { type: 'silent' },
    { type: 'answer', status: 408 },
    { type: 'answer', status: 503, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } },
    { type: 'answer', status: 302, headers: { location: 'http://127.0.0.1:9/' } },
    { type: 'answer', status: 404 },
    { type: 'answer', status: 403 },
    { type: 'half' },
  ];
  // The delay begins anew with each success between them.
  sink.next.push(
    ...faults.flatMap((fault, i): Behaviour[] => (i % 3 === 0 ? [{ type: 'answer', status: 200 }, fault] : [fault])),
  );
  const all = batches(10, 6, 5);
  writeAll(probe, all);
  await probe.acked(10);
  assertStored(stored(sink), all.flat(), false);
  assert.ok(ids(sink).length > 60, 'what was taken and not answered is sent again');
  assert.equal(await probe.metric('rejected'), 0);
  assert.ok((await probe.metric('retries')) >= 11);
  assert.deepEqual(probe.exporter.health(), { ok: true });
});

test('the wait that the server asks for is kept', async () => {
  const { probe, sink } = await probeOf();
  sink.next.push({ type: 'answer', status: 429, headers: { 'retry-after': '3000' } });
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
  await until('it is told to wait', () => /HTTP 429/.test(probe.exporter.health().detail ?? ''));
  await probe.exporter.drain(AbortSignal.timeout(1500)); // without the header it would come again within 100 ms
  assert.equal(sink.received.length, 1);
  assert.equal(probe.lastAck(), 0);
});

test('the records that a server refuses are found, set aside alone, and the others delivered', async () => {
  const { probe, sink } = await probeOf();
  sink.refuses = (body) => body.includes('uid-pod-3:') || body.includes('uid-pod-12:2"');
  await probe.start();
  const all = batches(5, 20, 20);
  writeAll(probe, all);
  await probe.acked(5);
  const bad = (r: TestRecord): boolean => r.name === 'pod-3' || (r.name === 'pod-12' && r.version === 2);
  assertStored(
    stored(sink),
    all.flat().filter((r) => !bad(r)),
    true,
  );
  assert.deepEqual(
    probe.rejects.map((r) => [r.id, r.error.code]),
    all
      .flat()
      .filter(bad)
      .map((r) => [recordId(r.name, r.version), 'RECORD_REJECTED']),
  );
  assert.equal(await probe.metric('rejected'), 6);
  assert.ok(sink.received.length < 100, `a search by halves, not one by one (${sink.received.length} requests)`);
});

test('a server that takes less than a full batch is learnt once', async () => {
  const { probe, sink } = await probeOf();
  sink.limit = 4000;
  await probe.start();
  const all = batches(20, 50, 50);
  writeAll(probe, all);
  await probe.acked(20);
  assertStored(stored(sink), all.flat(), true);
  const refused = sink.received.filter((r) => r.status === 413).length;
  assert.ok(refused > 0 && refused < 5, `${refused} refusals for 1,000 records`);
});

test('records of several batches and streams share a request', async () => {
  const { probe, sink } = await probeOf({ batch: { interval: '100ms' } });
  const other: Stream = { ...PODS, id: 'pods@other' };
  await probe.start([PODS, other]);
  probe.write(makeBatch({ sequence: 1, records: recordRun(3, 3) }));
  probe.write(makeBatch({ stream: other, sequence: 1, records: recordRun(3, 3, 2) }));
  probe.write(makeBatch({ sequence: 2, records: recordRun(3, 3, 3) }));
  await probe.acked(2);
  await probe.acked(1, other.id);
  assert.equal(sink.received.length, 1);
  assert.equal(ids(sink).length, 9);
});

test('what a filter leaves out is acknowledged and counted', async () => {
  const { probe, sink } = await probeOf({ operations: ['DELETED'] });
  await probe.start();
  probe.write(
    makeBatch({
      sequence: 1,
      records: [
        { name: 'a', version: 1 },
        { name: 'a', version: 2, operation: 'DELETED' },
      ],
    }),
  );
  probe.write(
    makeBatch({
      sequence: 2,
      records: [
        { name: 'b', version: 1 },
        { name: 'c', version: 1 },
      ],
    }),
  );
  await probe.acked(2);
  assert.deepEqual(ids(sink), [recordId('a', 2)]);
  const filtered = await probe.metrics.filtered.get();
  assert.deepEqual(
    filtered.values.map(({ labels, value }) => [labels, value]),
    [[{ exporter: 'sink', reason: 'operation' }, 3]],
  );
  assert.equal(await probe.metric('records'), 1);
  assert.equal(probe.exporter.status().filtered, 3);
});

test('a signed and compressed body is what the signature is of', async () => {
  const { probe, sink } = await probeOf({
    compression: 'gzip',
    hmac: { secret: 's3cret' },
    headers: { 'X-Team': 'a' },
  });
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(50, 50) }));
  await probe.acked(1);
  const { headers, raw, body } = sink.received[0]!;
  const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['watershard-signature'])) ?? [];
  assert.equal(v1, createHmac('sha256', 's3cret').update(`${t}.`).update(raw).digest('hex'));
  assert.deepEqual(
    [headers['content-encoding'], headers['x-team'], headers['content-type']],
    ['gzip', 'a', 'application/json'],
  );
  assert.ok(raw.length < body.length / 3);
});

test('a token that is renewed on disk is used, and one that is missing is waited for', async () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'first\n');
  const { probe, sink } = await probeOf({ bearerTokenFile: file });
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await probe.acked(1);
  rmSync(file);
  probe.write(makeBatch({ sequence: 2, records: recordRun(1, 1, 2) }));
  await until('it says what is missing', () => /EXPORTER_REFUSED/.test(probe.exporter.health().detail ?? ''));
  writeFileSync(file, 'second\n');
  await probe.acked(2);
  assert.deepEqual(
    sink.received.map((r) => r.headers.authorization),
    ['Bearer first', 'Bearer second'],
  );
});

test('a password from a file is read for each request, and an empty user sends none', async () => {
  const passwordFile = join(folder, 'password');
  const { probe, sink } = await probeOf({ basic: { user: 'me', passwordFile } });
  writeFileSync(passwordFile, 'first\n');
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await probe.acked(1);
  writeFileSync(passwordFile, 'second');
  probe.write(makeBatch({ sequence: 2, records: recordRun(1, 1, 2) }));
  await probe.acked(2);
  const sent = sink.received.map((r) => Buffer.from(String(r.headers.authorization).slice(6), 'base64').toString());
  assert.deepEqual(sent, ['me:first', 'me:second']);
  const { probe: nobody } = await probeOf({ basic: { user: '', password: '' } }, sink);
  await nobody.start();
  nobody.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await nobody.acked(1);
  assert.equal(sink.received.at(-1)?.headers.authorization, undefined);
});

test('TLS with an own authority and a client certificate', async () => {
  const pki = join(folder, 'pki');
  makePki(pki);
  leaf(pki, 'client', '/CN=watershard');
  const pem = (name: string): Buffer => readFileSync(join(pki, name));
  const server = { ca: pem('ca.crt'), cert: pem('apiserver.crt'), key: pem('apiserver.key'), requestCert: true };
  const tls = { ca: join(pki, 'ca.crt'), cert: join(pki, 'client.crt'), key: join(pki, 'client.key') };
  const { probe, sink } = await probeOf({ tls }, new HttpSink({ ...server, rejectUnauthorized: true }));
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await probe.acked(1);
  assert.equal(ids(sink).length, 1);

  const { probe: stranger } = await probeOf({ tls: { ca: tls.ca } }, sink);
  await stranger.start();
  stranger.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await until('it is not let in without a certificate', () =>
    /EXPORTER_UNREACHABLE/.test(stranger.exporter.health().detail ?? ''),
  );
  assert.equal(ids(sink).length, 1);
});

test('certificates that are no certificates end the start', async () => {
  const file = join(folder, 'nonsense.pem');
  writeFileSync(file, 'nonsense');
  for (const tls of [{ ca: join(folder, 'missing.pem') }, { cert: file, key: file }]) {
    const { probe } = await probeOf({ tls });
    await assert.rejects(probe.start(), { code: 'EXPORTER_MISCONFIGURED' });
  }
});

test('no secret is in a log, a metric, the status, the health or an error', async () => {
  const secrets = ['passw0rd-a', 'passw0rd-b', 'passw0rd-c', 'passw0rd-d', 'passw0rd-e'];
  const sink = new HttpSink();
  await sink.start();
  const url = sink.url.replace('//', '//user:passw0rd-a@').replace('/in', '/passw0rd-b?token=passw0rd-c');
  const { probe } = await probeOf({ url, hmac: { secret: 'passw0rd-d' }, headers: { 'X-Key': 'passw0rd-e' } }, sink);
  const shown: string[] = [];
  const look = (): void => void shown.push(JSON.stringify([probe.exporter.health(), probe.exporter.status()]));
  // A server that gives back what it was sent, as some do.
  sink.always = { type: 'answer', status: 500, text: 'passw0rd-a uid-pod-0' };
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(2, 2) }));
  await until('it fails', () => !probe.exporter.health().ok);
  look();
  await sink.stop();
  await until('it fails otherwise', () => /ECONNREFUSED|closed|hang up/.test(probe.exporter.health().detail ?? ''));
  look();
  sink.always = { type: 'answer', status: 422, text: 'passw0rd-a' };
  await sink.start();
  await until('the records are refused', () => probe.rejects.length === 2);
  look();
  shown.push(...logs, await probe.metrics.registry.metrics(), ...probe.rejects.map((r) => `${r.error.stack}`));
  assert.ok(shown.length > 5);
  for (const secret of secrets)
    assert.equal(
      shown.some((text) => text.includes(secret)),
      false,
      secret,
    );
  assert.equal(sink.received[0]?.headers.authorization, `Basic ${Buffer.from('user:passw0rd-a').toString('base64')}`);
});

test('a drain ends too where what it waits for became void', async () => {
  const { probe, sink } = await probeOf();
  sink.always = { type: 'answer', status: 503 };
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  const drained = probe.exporter.drain(AbortSignal.timeout(PATIENCE)).then(() => 'drained');
  probe.open(PODS, 2);
  assert.equal(
    await Promise.race([drained, until('the drain ends', () => false, 5).catch(() => 'waits on')]),
    'drained',
  );
});

test('a close in the middle of a request ends at once', async () => {
  const { probe, sink } = await probeOf();
  sink.always = { type: 'silent' };
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(1, 1) }));
  await until('the request is there', () => sink.received.length === 1);
  await Promise.race([
    probe.exporter.close(),
    new Promise((_, reject) => setTimeout(() => reject(new Error('it hangs')), PATIENCE).unref()),
  ]);
  assert.equal(probe.lastAck(), 0);
});
