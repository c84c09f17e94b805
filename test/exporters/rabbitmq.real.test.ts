import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun, type StoredRecord } from '../support/exporter-probe.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { freePort } from '../support/servers/process.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { bindQueue, readQueue, withChannel } from './rabbitmq-reading.ts';

const probes: ExporterProbe[] = [];
function probe(settings: Readonly<Record<string, unknown>>): ExporterProbe {
  const config = { name: 'sink', type: 'rabbitmq', ...settings };
  const made = new ExporterProbe({
    create: (context) => EXPORTERS.rabbitmq.create(EXPORTERS.rabbitmq.config.parse(config), context),
  });
  probes.push(made);
  return made;
}
afterEach(async () => {
  for (const { exporter } of probes.splice(0)) await exporter?.close();
});
const detail = (sink: ExporterProbe): string => sink.exporter.health().detail ?? '';
const says = (sink: ExporterProbe, what: RegExp): Promise<unknown> =>
  until(
    () => `health says ${what}: ${detail(sink)}`,
    () => what.test(detail(sink)),
  );
const storedRecords = (messages: Awaited<ReturnType<typeof readQueue>>): StoredRecord[] =>
  messages.map(({ content }) => ({ ...(JSON.parse(String(content)) as StoredRecord), payload: content }));

describe('rabbitmq', () => {
  let server: RabbitServer;
  before(async () => {
    server = await RabbitServer.start({
      settings: () => 'max_message_size = 50000',
      definitions: {
        users: [{ name: 'reader', password: 'secret-of-reader', tags: [] }],
        permissions: [{ user: 'reader', vhost: '/', configure: '^$', write: '^$', read: '.*' }],
      },
    });
  });
  after(() => server.stop());
  const sinkOf = (settings: Readonly<Record<string, unknown>>): ExporterProbe =>
    probe({ urls: [server.url], ...settings });

  test('a message has key, id, type and headers, and is persistent; bindings go by words', async () => {
    await bindQueue(server.url, 'nodes', 'wire', { pattern: 'k8s.*.core.nodes.#' });
    const sink = sinkOf({ exchange: 'wire', unroutable: 'drop' });
    await sink.start();
    const records = [
      {
        name: 'a',
        version: 1,
        operation: 'CREATED',
        subject: 'k8s.c.core.nodes._.a%2Eb',
        payload: Buffer.from([0, 255]),
      },
      { name: 'b', version: 2, subject: 'k8s.c.core.pods.default.b' },
    ] as const;
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    const [message, ...more] = await readQueue(server.url, 'nodes');
    assert.equal(more.length, 0);
    assert.deepEqual(message?.content, Buffer.from([0, 255]));
    const { routingKey, exchange } = message.fields;
    assert.deepEqual([routingKey, exchange], ['k8s.c.core.nodes._.a%2Eb', 'wire']);
    const { deliveryMode, messageId, contentType, appId, headers } = message.properties;
    assert.deepEqual(
      [deliveryMode, messageId, contentType, appId],
      [2, recordId('a', 1), 'application/json', 'watershard'],
    );
    assert.deepEqual(headers, {
      'watershard-id': recordId('a', 1),
      'watershard-operation': 'CREATED',
      'watershard-cluster': 'test',
    });
    assert.deepEqual(
      sink.rejects.map(({ id, error }) => [id, error.code]),
      [[recordId('b', 2), 'RECORD_UNROUTABLE']],
    );
    assert.match(sink.rejects[0]?.error.message ?? '', /no queue .* exchange 'wire' .*k8s\.c\.core\.pods\.default\.b/);
    assert.equal(await sink.metric('rejected'), 1);
    assert.equal(await sink.metric('records'), 1);
  });

  test("kollect's messages have an empty routing key, and nothing but the body and an id", async () => {
    await bindQueue(server.url, 'kollect', 'kollect', { type: 'fanout', pattern: '' });
    const sink = sinkOf({ exchange: 'kollect', routingKey: '', encoding: 'kollect', clusterId: 'c' });
    await sink.start();
    sink.write(
      makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, subject: '', payload: Buffer.from('e') }] }),
    );
    await sink.acked(1);
    const [message] = await readQueue(server.url, 'kollect');
    const given = Object.entries(message?.properties ?? {}).filter(([, value]) => value !== undefined);
    assert.deepEqual(Object.fromEntries(given), { headers: {}, deliveryMode: 2, messageId: recordId('a', 1) });
    assert.equal(message?.fields.routingKey, '');
  });

  test('what nothing is bound for waits by default, is said, and is delivered in order when a queue is bound', async () => {
    await withChannel(server.url, (channel) => channel.assertExchange('lonely', 'topic'));
    const sink = sinkOf({ exchange: 'lonely' });
    await sink.start();
    const records = recordRun(60, 6);
    sink.write(makeBatch({ sequence: 1, records }));
    await says(sink, /no queue .* exchange 'lonely' for routing key 'k8s\..*unroutable: drop.*EXPORTER_TARGET_MISSING/);
    assert.equal(sink.lastAck(), 0);
    await bindQueue(server.url, 'late', 'lonely');
    await sink.acked(1);
    assertStored(storedRecords(await readQueue(server.url, 'late')), records, true);
    await until('health is good again', () => sink.exporter.health().ok);
  });

  test('what a full queue refuses is repeated until there is room, and each object stays in order', async () => {
    const args = { 'x-max-length': 25, 'x-overflow': 'reject-publish' };
    await bindQueue(server.url, 'small', 'small', { args });
    const sink = sinkOf({ exchange: 'small' });
    await sink.start();
    const records = recordRun(120, 8);
    sink.write(makeBatch({ sequence: 1, records }));
    await says(sink, /refused messages to exchange small.*EXPORTER_FULL/);
    const taken: StoredRecord[] = [];
    await withChannel(server.url, async (channel) => {
      await until('everything has passed', async () => {
        for (
          let m = await channel.get('small', { noAck: true });
          m !== false;
          m = await channel.get('small', { noAck: true })
        )
          taken.push({ ...(JSON.parse(String(m.content)) as StoredRecord), payload: m.content });
        return sink.lastAck() === 1;
      });
    });
    taken.push(...storedRecords(await readQueue(server.url, 'small')));
    assertStored(taken, records, false);
  });

  test('a missing exchange is named with the command that makes it, and is used as soon as it is there', async () => {
    const sink = sinkOf({ exchange: 'later' });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await says(sink, /rabbitmqadmin declare exchange name=later.*EXPORTER_TARGET_MISSING/);
    await bindQueue(server.url, 'later', 'later');
    await started;
    assert.deepEqual(sink.exporter.health(), { ok: true });
  });

  test('makes the exchange where it may; one of another type is an error that ends the start', async () => {
    const sink = sinkOf({ exchange: 'made', createExchange: { type: 'fanout' } });
    await sink.start();
    await bindQueue(server.url, 'made', 'made', { type: 'fanout', pattern: '' });
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    const other = sinkOf({ exchange: 'made', createExchange: true });
    await assert.rejects(other.start(), /made .*other settings.*inequivalent arg 'type'/s);
  });

  test('an exchange that is deleted while it runs is said, and used again as soon as it is there', async () => {
    await bindQueue(server.url, 'gone', 'gone');
    const sink = sinkOf({ exchange: 'gone' });
    await sink.start();
    await withChannel(server.url, (channel) => channel.deleteExchange('gone'));
    const records = recordRun(30, 3);
    sink.write(makeBatch({ sequence: 1, records }));
    await says(sink, /gone.*EXPORTER_TARGET_MISSING/);
    await bindQueue(server.url, 'gone', 'gone');
    await sink.acked(1);
    assertStored(storedRecords(await readQueue(server.url, 'gone')), records, true);
  });

  test('a message above the max_message_size of the broker is found, and the others are stored', async () => {
    await bindQueue(server.url, 'sizes', 'sizes');
    const sink = sinkOf({ exchange: 'sizes' });
    await sink.start();
    const records = recordRun(40, 4);
    const large = { name: 'pod-1', version: 21.5, payload: Buffer.alloc(60_000, 'x') };
    sink.write(makeBatch({ sequence: 1, records: [...records.slice(0, 20), large, ...records.slice(20)] }));
    await sink.acked(1);
    assertStored(storedRecords(await readQueue(server.url, 'sizes')), records, false);
    assert.deepEqual(
      sink.rejects.map(({ id, error }) => [id, error.code]),
      [[recordId('pod-1', 21.5), 'RECORD_TOO_LARGE']],
    );
  });

  test('a wrong password, a missing right and a missing virtual host are said, without the password', async () => {
    await bindQueue(server.url, 'rights', 'rights');
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ user: 'guest', password: 'wrong-secret' }, /ACCESS_REFUSED - Login was refused.*EXPORTER_REFUSED/],
      [{ urls: [`amqp://guest:wrong-secret@127.0.0.1:${server.port}`] }, /EXPORTER_REFUSED/],
      [
        { urls: [`${server.url}/nowhere`] },
        /virtual host nowhere: .*there is none of this name.*EXPORTER_TARGET_MISSING/,
      ],
    ];
    for (const [settings, what] of cases) {
      const sink = sinkOf({ exchange: 'rights', ...settings });
      await sink.create();
      const stop = new AbortController();
      const started = sink.exporter.start(stop.signal).catch(() => undefined);
      await says(sink, what);
      assert.doesNotMatch(detail(sink), /secret/);
      stop.abort();
      await started;
    }
    const sink = sinkOf({ exchange: 'rights', user: 'reader', password: 'secret-of-reader' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await says(sink, /ACCESS_REFUSED - access to exchange 'rights'.*refused for user 'reader'.*EXPORTER_REFUSED/);
    assert.equal(sink.lastAck(), 0);
  });

  test('while a memory alarm blocks those who publish, health says so, and everything waits', async () => {
    await bindQueue(server.url, 'blocked', 'blocked');
    const sink = sinkOf({ exchange: 'blocked' });
    await sink.start();
    server.control('set_vm_memory_high_watermark', 'absolute', '1');
    const records = recordRun(50, 5);
    sink.write(makeBatch({ sequence: 1, records }));
    await says(sink, /blocks those who publish.*EXPORTER_FULL/);
    assert.equal(sink.exporter.status().blocked, true);
    assert.equal(sink.lastAck(), 0);
    server.control('set_vm_memory_high_watermark', '0.9');
    await sink.acked(1);
    await until('health is good again', () => sink.exporter.health().ok);
    assertStored(storedRecords(await readQueue(server.url, 'blocked')), records, true);
  });

  test('of several addresses the next one is taken, and a half-open connection is given up', async () => {
    await bindQueue(server.url, 'several', 'several');
    const proxy = await TcpProxy.start(server.port);
    const urls = [`amqp://127.0.0.1:${await freePort()}`, `amqp://127.0.0.1:${proxy.port}`];
    const sink = sinkOf({ urls, exchange: 'several', heartbeat: '1s' });
    await sink.start();
    assert.equal(sink.exporter.status().node, `127.0.0.1:${proxy.port}`);
    proxy.blackhole();
    const records = recordRun(20, 4);
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    assertStored(storedRecords(await readQueue(server.url, 'several')), records, false);
    await sink.exporter.close();
    await proxy.stop();
  });

  test('a connection that breaks while nothing is to be sent is opened again, and health tells both', async () => {
    await bindQueue(server.url, 'idle', 'idle');
    const proxy = await TcpProxy.start(server.port);
    const sink = sinkOf({ urls: [`amqp://127.0.0.1:${proxy.port}`], exchange: 'idle' });
    await sink.start();
    proxy.reset(true);
    await says(sink, /EXPORTER_UNREACHABLE/);
    proxy.heal();
    await until('health is good again', () => sink.exporter.health().ok);
    await sink.exporter.close();
    await proxy.stop();
  });
});

describe('rabbitmq with TLS', () => {
  let server: RabbitServer;
  before(async () => {
    server = await RabbitServer.start({
      tls: true,
      settings: (folder) => {
        makePki(folder);
        leaf(folder, 'broker', '/CN=broker', 'DNS:localhost,IP:127.0.0.1');
        return [
          `ssl_options.cacertfile = ${join(folder, 'ca.crt')}`,
          `ssl_options.certfile = ${join(folder, 'broker.crt')}`,
          `ssl_options.keyfile = ${join(folder, 'broker.key')}`,
          'ssl_options.verify = verify_peer',
          'ssl_options.fail_if_no_peer_cert = true',
        ].join('\n');
      },
    });
  });
  after(() => server.stop());
  const settings = (tls: Readonly<Record<string, string>>) => ({
    urls: [`amqps://127.0.0.1:${server.port}`],
    exchange: 'safe',
    createExchange: true,
    unroutable: 'drop',
    tls,
  });

  test('delivers, with an authority of its own and a client certificate', async () => {
    const file = (name: string): string => join(server.folder, name);
    const sink = probe(settings({ ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') }));
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
  });

  test('an authority that is not trusted is said', async () => {
    const sink = probe(settings({}));
    await sink.create();
    const stop = new AbortController();
    const started = sink.exporter.start(stop.signal).catch(() => undefined);
    await says(sink, /certificate.*EXPORTER_UNREACHABLE/);
    stop.abort();
    await started;
  });
});
