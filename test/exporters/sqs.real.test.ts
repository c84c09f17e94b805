import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { SqsJournal } from './sqs-journal.ts';
import { AWS_ENVIRONMENT, type QueueMessage, SqsReader } from './sqs-reading.ts';

Object.assign(process.env, AWS_ENVIRONMENT);

const JSON_ERROR = { 'content-type': 'application/x-amz-json-1.0' };

describe('sqs', () => {
  let server: ElasticMq;
  let proxy: HttpProxy;
  let reader: SqsReader;
  const probes: ExporterProbe[] = [];
  let queues = 0;

  before(async () => {
    server = await ElasticMq.start();
    proxy = await HttpProxy.start({ target: () => server.endpoint });
    reader = new SqsReader(server.endpoint);
  });
  afterEach(async () => {
    proxy.clear();
    for (const { exporter } of probes.splice(0)) await exporter?.close();
  });
  after(async () => {
    await proxy.stop();
    await server.stop('SIGKILL');
  });

  const newName = (suffix = '.fifo'): string => `q-${++queues}${suffix}`;
  function probe(queue: string, changes: Readonly<Record<string, unknown>> = {}): ExporterProbe {
    const settings = { name: 'sink', type: 'sqs', queue, endpoint: proxy.url, ...changes };
    const made = new ExporterProbe({
      create: (context) => EXPORTERS.sqs.create(EXPORTERS.sqs.config.parse(settings), context),
    });
    probes.push(made);
    return made;
  }
  const says = (sink: ExporterProbe, what: RegExp): Promise<unknown> =>
    until(
      () => `health says ${what}: ${JSON.stringify(sink.exporter.health())}`,
      () => what.test(sink.exporter.health().detail ?? ''),
    );
  const answer = (type: string, message: string, status = 400) =>
    ({ type: 'answer', status, headers: JSON_ERROR, body: JSON.stringify({ __type: type, message }) }) as const;
  const stored = (messages: readonly Pick<QueueMessage, 'body'>[]) =>
    messages
      .map(({ body }) => JSON.parse(body) as { id: string; key: string; operation: string })
      .map((r) => ({ ...r, payload: Buffer.alloc(0) }));
  /** Writes a run of records while faults strike, and looks what came. */
  async function holds(sink: ExporterProbe, url: string): Promise<void> {
    const records = recordRun(400, 20);
    for (let i = 0; i < 8; i++) sink.write(makeBatch({ sequence: i + 1, records: records.slice(i * 50, i * 50 + 50) }));
    await sink.acked(8);
    assertStored(stored(await reader.drain(url)), records, true);
    assert.equal(await sink.metric('rejected'), 0);
  }

  test('attributes, group and id; bytes as base64', async () => {
    const name = newName();
    const url = await reader.create(name);
    const payload = Buffer.from([0x08, 0xff, 0x00]);
    for (const encoding of ['json', 'msgpack', 'kollect']) {
      const sink = probe(name, { encoding });
      await sink.start();
      const text = Buffer.from('{"text":"<ü\u{1f600}"}');
      const records = [{ name: encoding, version: 1, payload: encoding === 'json' ? text : payload }];
      sink.write(makeBatch({ sequence: 1, records }));
      await sink.acked(1);
    }
    const [json, msgpack, kollect] = (await reader.drain(url)).toSorted(
      (a, b) =>
        ['json', 'msgpack', 'kollect'].indexOf(a.groupId?.slice(9) ?? '') -
        ['json', 'msgpack', 'kollect'].indexOf(b.groupId?.slice(9) ?? ''),
    );
    const own = (encoding: string, type: string) => ({
      'content-type': type,
      'watershard-id': recordId(encoding, 1),
      'watershard-operation': 'UPDATED',
      'watershard-cluster': 'test',
      'watershard-resource': 'pods',
      'watershard-namespace': 'default',
    });
    assert.deepEqual(json, {
      body: '{"text":"<ü\u{1f600}"}',
      attributes: own('json', 'application/json'),
      groupId: 'test/uid-json',
      deduplicationId: recordId('json', 1),
    });
    const base64 = { base64encoded: 'true' };
    assert.deepEqual(msgpack?.attributes, { ...own('msgpack', 'application/msgpack'), ...base64 });
    assert.deepEqual([kollect?.body, kollect?.attributes], [payload.toString('base64'), base64]);
  });

  test('what the queue finds too large is looked for; the others of its request are stored', async () => {
    const name = newName();
    const url = await reader.create(name);
    const sink = probe(name, { maxMessageBytes: '4MiB' });
    await sink.start();
    const records = Array.from({ length: 10 }, (_, i) => ({
      name: `pod-${i}`,
      version: 1,
      ...(i === 3 ? { payload: Buffer.alloc(1_500_000, 'x') } : {}),
    }));
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    assert.deepEqual(
      sink.rejects.map(({ id, error }) => [id, error.code]),
      [[recordId('pod-3', 1), 'RECORD_TOO_LARGE']],
    );
    assertStored(
      stored(await reader.drain(url)),
      records.filter((_, i) => i !== 3),
      true,
    );
  });

  test('requests whose answers are lost are made again: nothing is stored twice, and each object stays in order', async () => {
    const name = newName();
    const url = await reader.create(name);
    const sink = probe(name);
    await sink.start();
    const lost = proxy.add({ when: () => Math.random() < 0.3, times: 15, fault: { type: 'lose-answer' } });
    await holds(sink, url);
    assert.ok(lost() > 0);
  });

  test('of a request some messages are refused for a reason that passes: they are sent again, those of their objects behind them', async () => {
    const name = newName();
    const url = await reader.create(name);
    const sink = probe(name);
    await sink.start();
    let changed = 0;
    async function* refuse(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const answered = JSON.parse(Buffer.concat(chunks).toString()) as {
        Successful: { Id: string }[];
        Failed?: object[];
      };
      const Failed = answered.Successful.splice(0, 4).map(({ Id }) => ({
        Id,
        SenderFault: false,
        Code: 'InternalError',
      }));
      changed += Failed.length;
      yield Buffer.from(JSON.stringify({ ...answered, Failed }));
    }
    proxy.add({ when: () => true, times: 10, fault: { type: 'body', change: refuse, close: true } });
    await holds(sink, url);
    assert.ok(changed > 4);
  });

  test('the server is killed while records go to it: it has answered for each that is acknowledged, those of an object in order', async () => {
    const own = await ElasticMq.start();
    const journal = new SqsJournal(own.endpoint);
    const endpoint = await journal.start();
    try {
      const consumer = new SqsReader(own.endpoint);
      await consumer.create('killed.fifo');
      const sink = probe('killed.fifo', { endpoint });
      await sink.start();
      const records = recordRun(4000, 80);
      const write = (from: number, to: number): void => {
        for (let i = from; i < to; i++)
          sink.write(makeBatch({ sequence: i + 1, records: records.slice(i * 80, i * 80 + 80) }));
      };
      write(0, 25);
      await until('some are acknowledged', () => sink.lastAck() > 1);
      await own.stop('SIGKILL');
      write(25, 50);
      await until('health tells', () => !sink.exporter.health().ok);
      await own.restart();
      await consumer.create('killed.fifo');
      await sink.acked(50);
      await until('health is good again', () => sink.exporter.health().ok);
      assertStored(stored(journal.bodies.map((body) => ({ body }))), records, false);
    } finally {
      for (const { exporter } of probes) await exporter?.close();
      await journal.stop();
      await own.stop('SIGKILL');
    }
  });

  test('too many requests: it waits, says so, and goes on', async () => {
    const name = newName();
    const url = await reader.create(name);
    const sink = probe(name);
    await sink.start();
    proxy.add({ when: () => true, times: 20, fault: answer('com.amazonaws.sqs#RequestThrottled', 'Rate exceeded') });
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await says(sink, /RequestThrottled: Rate exceeded \(EXPORTER_UNREACHABLE/);
    proxy.clear();
    await sink.acked(1);
    await until('health is good again', () => sink.exporter.health().ok);
    assert.equal((await reader.drain(url)).length, 1);
    assert.ok((await sink.metric('retries')) > 0);
  });

  test('a request without an answer is given up after its time', async () => {
    const name = newName();
    const url = await reader.create(name);
    const sink = probe(name, { requestTimeout: '300ms' });
    await sink.start();
    proxy.add({ when: () => true, times: 1, fault: { type: 'hang' } });
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.equal((await reader.drain(url)).length, 1);
  });

  test('a missing queue is named with the command that makes it, by name and by URL, and is used as soon as it is there', async () => {
    for (const by of ['name', 'url']) {
      const name = newName();
      const sink = probe(by === 'name' ? name : `${proxy.url}/000000000000/${name}`);
      await sink.create();
      const started = sink.exporter.start(AbortSignal.timeout(60_000));
      await says(
        sink,
        /aws sqs create-queue --queue-name q-\d+\.fifo --attributes FifoQueue=true \(EXPORTER_TARGET_MISSING/,
      );
      const url = await reader.create(name);
      await started;
      assert.deepEqual(sink.exporter.health(), { ok: true });
      await reader.client.send(new DeleteQueueCommand({ QueueUrl: url }));
      sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await says(sink, /EXPORTER_TARGET_MISSING/);
      await reader.create(name);
      await sink.acked(1);
      assert.equal((await reader.drain(url)).length, 1);
    }
  });

  test('credentials that are refused, or missing, are said without them; a permission to send alone is enough', async () => {
    const name = newName();
    const url = await reader.create(name);
    const signature = 'The request signature we calculated does not match.\n\nx-amz-security-token:test-secret';
    proxy.add({
      when: () => true,
      fault: answer('com.amazon.coral.service#InvalidSignatureException', signature, 403),
    });
    const sink = probe(url.replace(server.endpoint, proxy.url));
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await says(sink, /InvalidSignatureException: .*does not match\. \(EXPORTER_REFUSED/);
    assert.doesNotMatch(sink.exporter.health().detail ?? '', /test-secret/);
    proxy.clear();
    proxy.add({
      when: () => true,
      times: 1,
      fault: answer('com.amazonaws.sqs#AccessDeniedException', 'no GetQueueAttributes'),
    });
    await started;
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);

    const { AWS_SECRET_ACCESS_KEY } = AWS_ENVIRONMENT;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    try {
      const bare = probe(name);
      await bare.create();
      const stop = new AbortController();
      const starting = bare.exporter.start(stop.signal).catch(() => undefined);
      await says(bare, /credentials.*EXPORTER_REFUSED/);
      stop.abort();
      await starting;
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = AWS_SECRET_ACCESS_KEY;
    }
  });

  test('an authority of its own: with it records are delivered, without it it is said', async () => {
    const folder = temporaryFolder('pki');
    makePki(folder);
    leaf(folder, 'front', '/CN=front', 'DNS:localhost,IP:127.0.0.1');
    const material = { cert: readFileSync(join(folder, 'front.crt')), key: readFileSync(join(folder, 'front.key')) };
    const front = createTlsServer(material, (socket) => {
      const upstream = connect(server.port, '127.0.0.1');
      socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    try {
      const name = newName();
      await reader.create(name);
      const endpoint = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const trusting = probe(name, { endpoint, ca: join(folder, 'ca.crt') });
      await trusting.start();
      trusting.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await trusting.acked(1);
      const other = probe(name, { endpoint });
      await other.create();
      const stop = new AbortController();
      const starting = other.exporter.start(stop.signal).catch(() => undefined);
      await says(other, /certificate.*EXPORTER_UNREACHABLE/);
      stop.abort();
      await starting;
      const unread = probe(name, { endpoint, ca: join(folder, 'none.crt') });
      await assert.rejects(unread.create(), { code: 'EXPORTER_MISCONFIGURED', message: /none\.crt/ });
    } finally {
      for (const { exporter } of probes) await exporter?.close();
      await new Promise((resolve) => front.close(resolve));
    }
  });

  test('a queue that is not FIFO: it is said that it keeps no order; messages may be hidden for a while', async () => {
    const name = newName('');
    const url = await reader.create(name);
    const sink = probe(name, { delay: '2s' });
    await sink.start();
    const { ordered, deduplicates } = sink.exporter.capabilities;
    assert.deepEqual([ordered, deduplicates], [false, 'no']);
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.deepEqual(await reader.drain(url), []);
    let messages: QueueMessage[] = [];
    await until('it is shown', async () => {
      messages = await reader.drain(url);
      return messages.length > 0;
    });
    assert.deepEqual([messages.length, messages[0]?.groupId], [1, undefined]);
  });
});
