import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { WatershardError } from '../../src/model/errors.ts';
import type { HealthReport, StatusReport } from '../../src/model/status.ts';
import { type OpsServer, startOps } from '../../src/ops/server.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const STATUS: StatusReport = {
  version: '0.1.0',
  cluster: { name: 'demo', uid: 'u', server: 'https://127.0.0.1:6443' },
  startedAt: 1,
  ready: true,
  reasons: [],
  state: { kind: 'memory', epoch: 'e' },
  credits: { inFlight: 0, limit: 1 },
  streams: [
    {
      id: 'pods',
      resource: 'pods',
      state: 'watching',
      since: 1,
      shard: 0,
      synced: true,
      resourceVersion: '5',
      knownObjects: 2,
      records: 3,
      lagSeconds: 0,
    },
  ],
  shards: [{ index: 0, queueBytes: 0, batches: 1, records: 3, restarts: 0 }],
  exporters: [
    {
      name: 'bus',
      type: 'jetstream',
      required: true,
      ok: true,
      acknowledged: 3,
      pendingBytes: 0,
      ackTimes: [],
      status: {},
    },
  ],
  totals: { records: 3, bytes: 9 },
  errors: [],
  history: { records: [], bytes: [], lagSeconds: [], inFlight: [] },
};

let health: HealthReport = { live: true, ready: true, reasons: [] };
let broken = false;
const metrics = createMetrics();
let ops: OpsServer;

before(async () => {
  ops = await startOps({
    listen: '127.0.0.1:0',
    metrics,
    health: () => health,
    status: () => {
      if (broken) throw new Error('no status');
      return STATUS;
    },
  });
});
after(async () => {
  await ops.close();
});

async function get(path: string, headers: Record<string, string> = {}, method: 'GET' | 'POST' | 'HEAD' = 'GET') {
  const answer = await request(ops.url + path, { method, headers });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

test('/metrics is Prometheus text: every sample belongs to a declared metric', async () => {
  metrics.records.inc({ exporter: 'bus' }, 3);
  const { status, headers, text } = await get('/metrics');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  const declared = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1], m[2]]));
  for (const line of text.split('\n').filter((l) => l !== '' && !l.startsWith('#'))) {
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:\w+="[^"]*",?)*\})? (-?[\d.e+-]+|Nan|[+-]Inf)$/.exec(line);
    // Prometheus reads NaN in any case; the library writes it like this where there was no sample yet.
    assert.ok(sample, line);
    assert.ok(declared.has(sample[1]!) || declared.has(sample[1]!.replace(/_(bucket|sum|count)$/, '')), line);
  }
  assert.match(text, /^watershard_exporter_records_total\{exporter="bus"\} 3$/m);
  assert.match(text, /^watershard_main_thread_lag_seconds \d/m);
  assert.match(text, /^process_resident_memory_bytes \d/m);
});

test('health: ok, not ready and why, not live', async () => {
  health = { live: true, ready: true, reasons: [] };
  for (const path of ['/healthz', '/livez', '/readyz'])
    assert.deepEqual([(await get(path)).status, (await get(path)).text], [200, 'ok'], path);
  health = { live: true, ready: false, reasons: ['exporter bus cannot be reached', 'pods is not listed'] };
  const notReady = await get('/readyz');
  assert.deepEqual([notReady.status, notReady.text], [503, 'exporter bus cannot be reached\npods is not listed\n']);
  assert.deepEqual([(await get('/livez')).status, (await get('/healthz')).status], [200, 200]);
  const json = await get('/readyz', { accept: 'application/json' });
  assert.deepEqual([json.status, JSON.parse(json.text)], [503, { ok: false, reasons: health.reasons }]);
  health = { live: false, ready: true, reasons: ['the main loop stands'] };
  assert.deepEqual([(await get('/livez')).status, (await get('/readyz')).status], [503, 503]);
  health = { live: true, ready: true, reasons: ['secrets: forbidden'] };
  assert.equal((await get('/readyz?verbose')).text, 'ok\nsecrets: forbidden\n');
});

test('/status is the report', async () => {
  assert.deepEqual(JSON.parse((await get('/status')).text), STATUS);
});

test('the live page is small, needs nothing from elsewhere and is held to that by its policy', async () => {
  const page = await get('/');
  const files = [...page.text.matchAll(/(?:src|href)="(\/page\.\w+)"/g)].map((m) => m[1]!);
  assert.deepEqual(files.sort(), ['/page.css', '/page.js', '/page.svg']);
  const parts = [page, ...(await Promise.all(files.map((f) => get(f))))];
  assert.ok(parts.reduce((n, p) => n + p.text.length, 0) < 100_000);
  for (const part of parts) {
    assert.equal(part.status, 200);
    assert.doesNotMatch(
      part.text.replaceAll('http://www.w3.org/2000/svg', ''),
      /https?:\/\/|innerHTML|\son\w+=|style="/,
    );
    assert.match(String(part.headers['content-security-policy']), /default-src 'none'/);
    assert.doesNotMatch(String(part.headers['content-security-policy']), /unsafe/);
  }
  assert.doesNotThrow(() => new Function(parts.map((p) => p.text).find((t) => t.includes('EventSource'))!));
});

/** The next events of a listener, by name. */
async function eventsOf(body: AsyncIterable<unknown>, count: number) {
  let text = '';
  for await (const piece of body) {
    text += String(piece);
    if (text.split('\ndata: ').length > count && text.endsWith('\n\n')) break;
  }
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => ({
    name,
    data: JSON.parse(data!) as StatusReport & { now: number },
  }));
}

test('/events tells the whole status first, and then once a second what has changed', async () => {
  const first = await request(`${ops.url}/events`);
  assert.equal(first.headers['content-type'], 'text/event-stream');
  const [report, change] = await eventsOf(first.body, 2);
  assert.deepEqual([report?.name, change?.name], ['report', 'change']);
  assert.deepEqual(report?.data.streams, STATUS.streams);
  assert.deepEqual(change?.data, { now: change?.data.now });
  assert.ok(change!.data.now > report!.data.now);
});

test('who comes between two changes begins with what the others know, so that the next change fits both', async () => {
  const one = await request(`${ops.url}/events`);
  const [begun] = await eventsOf(one.body, 1);
  const two = await request(`${ops.url}/events`);
  const [report] = await eventsOf(two.body, 1);
  assert.equal(report?.name, 'report');
  assert.deepEqual({ ...report?.data, now: 0 }, { ...begun?.data, now: 0 });
});

test('a listener to whom the status cannot be told does not bring anything down', async () => {
  broken = true;
  const listening = await request(`${ops.url}/events`);
  assert.deepEqual(
    [(await get('/status')).status, (await get('/status')).text],
    [500, 'internal error; see the log\n'],
  );
  broken = false;
  assert.equal((await get('/status')).status, 200);
  listening.body.destroy();
});

test('too many listeners are refused', async () => {
  const open = await Promise.all(Array.from({ length: 32 }, () => request(`${ops.url}/events`)));
  assert.equal((await get('/events')).status, 503);
  for (const o of open) o.body.on('error', () => undefined).destroy();
  for (const deadline = Date.now() + 10_000; ; ) {
    const { statusCode, body } = await request(`${ops.url}/events`);
    body.on('error', () => undefined).destroy();
    if (statusCode === 200) break;
    assert.ok(Date.now() < deadline);
  }
});

test('other paths are 404, other methods 405, HEAD has no body', async () => {
  for (const path of ['/nothing', '/__proto__', '/constructor', '//', '/%'])
    assert.equal((await get(path)).status, 404, path);
  const post = await get('/status', {}, 'POST');
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  const head = await get('/metrics', {}, 'HEAD');
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal((await get('/events', {}, 'HEAD')).status, 200);
});

test('/debug/profile gives a CPU profile on a loopback address, one at a time', async () => {
  const answer = await get('/debug/profile?seconds=0.2');
  assert.equal(answer.status, 200);
  assert.ok(Array.isArray((JSON.parse(answer.text) as { nodes: unknown[] }).nodes));
  assert.equal((await get('/debug/profile?seconds=100')).status, 400);
  assert.equal((await get('/debug/profile?seconds=x')).status, 400);
  const both = await Promise.all([get('/debug/profile?seconds=0.5'), get('/debug/heap?seconds=0.5')]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
});

test('/debug/heap tells where what is alive was allocated, and shows no value', async () => {
  const kept: string[] = [];
  function allocateHere(): void {
    for (let i = 0; i < 200_000; i++) kept.push(`canary-${i}`);
  }
  const asked = get('/debug/heap?seconds=1');
  const busy = setInterval(allocateHere, 100);
  const { status, text } = await asked;
  clearInterval(busy);
  assert.equal(status, 200);
  assert.ok(kept.length > 0);
  const { head, samples } = JSON.parse(text) as { head: { children: unknown[] }; samples: unknown[] };
  assert.ok(head.children.length > 0 && samples.length > 0);
  assert.match(text, /"functionName":"allocateHere"/);
  assert.doesNotMatch(text, /canary/);
});

test('a port in use is an error of the configuration that says so', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const start = (listen: string) =>
    startOps({ listen, metrics: createMetrics(), status: () => STATUS, health: () => health });
  await assert.rejects(
    start(`127.0.0.1:${port}`),
    (e) =>
      e instanceof WatershardError &&
      e.code === 'CONFIG_INVALID' &&
      e.message === `ops.listen: listening on 127.0.0.1:${port}: the port is in use by another process`,
  );
  await assert.rejects(start('8081'), (e) => e instanceof WatershardError && e.code === 'CONFIG_INVALID');
  await assert.rejects(start('127.0.0.1:99999'), (e) => e instanceof WatershardError && e.code === 'CONFIG_INVALID');
  taken.close();
});

test('closing ends what listens and frees the port', async () => {
  const other = await startOps({
    listen: '127.0.0.1:0',
    metrics: createMetrics(),
    status: () => STATUS,
    health: () => health,
  });
  const { body } = await request(`${other.url}/events`);
  body.on('error', () => undefined).resume();
  await other.close();
  const again = await startOps({
    listen: `127.0.0.1:${other.port}`,
    metrics: createMetrics(),
    status: () => STATUS,
    health: () => health,
  });
  await again.close();
});

test('the paths of kollect are there where they are asked for, with its words', async () => {
  assert.equal((await get('/__/health')).status, 404);
  for (const kollectPaths of ['ready-at-once', 'ready-when-synced'] as const) {
    let ready = false;
    const server = await startOps({
      listen: '127.0.0.1:0',
      metrics,
      health: () => ({ live: true, ready, reasons: [] }),
      status: () => STATUS,
      kollectPaths,
    });
    const ask = async (path: string) => {
      const answer = await request(server.url + path);
      return [answer.statusCode, await answer.body.text()] as const;
    };
    assert.deepEqual(await ask('/__/health'), [200, '']);
    assert.deepEqual(await ask('/__/ready'), [kollectPaths === 'ready-at-once' ? 200 : 412, '']);
    ready = true;
    assert.deepEqual(await ask('/__/ready'), [200, '']);
    assert.match((await ask('/__/metrics'))[1], /watershard_exporter_records_total/);
    assert.equal((await ask('/__/pprof/'))[0], 404);
    assert.match((await ask('/__/pprof/profile?seconds=0.1'))[1], /"nodes"/);
    assert.match((await ask('/__/pprof/heap?seconds=0.1'))[1], /"selfSize"/);
    await server.close();
  }
});
