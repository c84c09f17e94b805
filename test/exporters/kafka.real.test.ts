import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { thrown } from '../../src/model/finding.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { ExporterProbe } from '../support/exporter-probe.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { until } from '../support/until.ts';
import { access, createTopic, deleteTopic, readTopic } from './kafka-reading.ts';

const probes: ExporterProbe[] = [];
function probe(brokers: readonly string[], changes: Readonly<Record<string, unknown>>): ExporterProbe {
  const settings = { name: 'sink', type: 'kafka', brokers, ...changes };
  const made = new ExporterProbe({
    create: (context) => EXPORTERS.kafka.create(EXPORTERS.kafka.config.parse(settings), context),
  });
  probes.push(made);
  return made;
}
afterEach(async () => {
  for (const { exporter } of probes.splice(0)) await exporter?.close();
});

describe('kafka', () => {
  let server: KafkaServer;
  before(async () => {
    server = await KafkaServer.start();
  });
  after(() => server.stop('SIGKILL'));

  test('the check asks for the topic, and makes none', async () => {
    await createTopic(access(server.brokers), 'checked', 1);
    const logger = createLogger('silent', false);
    const signal = AbortSignal.timeout(30_000);
    const form = { name: 'sink', cluster: 'test', signal, send: false, logger, metrics: createMetrics() };
    const check = async (changes: Readonly<Record<string, unknown>>, write = false): Promise<string> => {
      const settings = { name: 'sink', type: 'kafka', brokers: server.brokers, ...changes };
      const config = EXPORTERS.kafka.config.parse(settings);
      const [found] = await EXPORTERS.kafka.check(config, { ...form, write }).catch((e: unknown) => [thrown(e)]);
      return `${found?.outcome}: ${found?.code ?? ''} ${found?.text}`;
    };
    assert.match(await check({ topic: 'checked' }), /^ok: .*topic checked is there; with --write /);
    assert.match(await check({ topic: 'checked' }, true), /^ok: .*topic checked .* has stored a message.* PROBE$/);
    assert.match(await check({ topic: 'unmade', createTopics: true }), /^ok: .*createTopics makes it$/);
    assert.match(await check({ topic: 'unmade' }), /^failed: EXPORTER_TARGET_MISSING /);
    assert.match(await check({ topic: 'k8s.{resource}' }), /^warning: .*known only by their records$/);
    assert.match(await check({ topic: 'a', brokers: ['127.0.0.1:1'] }), /^failed: EXPORTER_UNREACHABLE /);
  });

  test("Kafka's own consumer reads keys, headers and tombstones, with every compression", async () => {
    await createTopic(access(server.brokers), 'all', 1);
    const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
    for (const compression of compressions) {
      const sink = probe(server.brokers, { topic: 'all', compression, tombstones: 'after' });
      await sink.start();
      const records = [
        { name: compression, version: 1, payload: Buffer.from(`first ${compression}`) },
        { name: compression, version: 2, operation: 'DELETED', payload: Buffer.from(`last ${compression}`) },
      ] as const;
      sink.write(makeBatch({ sequence: 1, records }));
      await sink.acked(1);
    }
    const printed = server.tool(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      ...['--bootstrap-server', server.brokers[0]!, '--topic', 'all', '--from-beginning', '--timeout-ms', '8000'],
      ...[
        '--max-messages',
        '15',
        '--formatter-property',
        'print.key=true',
        '--formatter-property',
        'print.headers=true',
      ],
    );
    const line = (name: string, version: number, operation: string, value: string): string =>
      `content-type:application/json,watershard-id:${recordId(name, version)},watershard-operation:${operation},watershard-cluster:test\ttest/uid-${name}\t${value}`;
    assert.deepEqual(
      printed.trim().split('\n'),
      compressions.flatMap((c) => [
        line(c, 1, 'UPDATED', `first ${c}`),
        line(c, 2, 'DELETED', `last ${c}`),
        line(c, 2, 'DELETED', 'null'),
      ]),
    );
  });

  test('a delete may be a tombstone alone', async () => {
    await createTopic(access(server.brokers), 'instead', 1);
    const sink = probe(server.brokers, { topic: 'instead', tombstones: 'instead', encoding: 'kollect', clusterId: '' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, operation: 'DELETED' }] }));
    await sink.acked(1);
    const [message] = await readTopic(access(server.brokers), 'instead');
    assert.deepEqual(message, { partition: 0, key: 'uid-a', value: null, headers: {} });
  });

  test('what the broker finds too large is looked for: the others of its partition, and other partitions, are stored in order', async () => {
    await createTopic(access(server.brokers), 'small', 2, { 'max.message.bytes': '20000' });
    const sink = probe(server.brokers, { topic: 'small', operations: ['UPDATED'] });
    await sink.start();
    const records = Array.from({ length: 200 }, (_, i) => ({
      name: `pod-${i % 10}`,
      version: i,
      payload: i === 77 ? randomBytes(30_000) : Buffer.from(`${i} ${'x'.repeat(400)}`),
    }));
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    assert.deepEqual(
      sink.rejects.map(({ id, error }) => [id, error.code]),
      [[recordId('pod-7', 77), 'RECORD_TOO_LARGE']],
    );
    const stored = (await readTopic(access(server.brokers), 'small')).map(({ value }) =>
      Number.parseInt(String(value), 10),
    );
    const expected = records.map((_, i) => i).filter((i) => i !== 77);
    assert.deepEqual(
      stored.toSorted((a, b) => a - b),
      expected,
      'each once',
    );
    for (let pod = 0; pod < 10; pod++) {
      const own = stored.filter((i) => i % 10 === pod);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        'in order',
      );
    }
  });

  test('a missing topic is named with the command that makes it, and is used as soon as it is there', async () => {
    const sink = probe(server.brokers, { topic: 'later' });
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await until('health says so', () => sink.exporter.health().detail?.includes('EXPORTER_TARGET_MISSING') === true);
    assert.match(sink.exporter.health().detail ?? '', /kafka-topics --create --topic later/);
    await createTopic(access(server.brokers), 'later');
    await started;
    assert.deepEqual(sink.exporter.health(), { ok: true });
  });

  test('makes the topics of a template where it may', async () => {
    const sink = probe(server.brokers, { topic: 'k8s.{resource}.{namespace}', createTopics: { partitions: 2 } });
    await sink.start();
    const records = ['k8s.pods.default', 'k8s.nodes._'].map((subject, i) => ({ name: `n${i}`, version: 1, subject }));
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    for (const topic of ['k8s.pods.default', 'k8s.nodes._'])
      assert.equal((await readTopic(access(server.brokers), topic)).length, 1);
  });

  for (const createTopics of [false, true]) {
    test(`a topic that is deleted while it runs is used as soon as it is there again${createTopics ? ', and made where it may be' : ''}`, async () => {
      const topic = `deleted-${createTopics}`;
      await createTopic(access(server.brokers), topic, 1);
      const sink = probe(server.brokers, { topic, createTopics });
      await sink.start();
      sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await sink.acked(1);
      await deleteTopic(access(server.brokers), topic);
      sink.write(makeBatch({ sequence: 2, records: [{ name: 'a', version: 2 }] }));
      if (!createTopics) {
        await until(
          'health says so',
          () => sink.exporter.health().detail?.includes('EXPORTER_TARGET_MISSING') === true,
        );
        await createTopic(access(server.brokers), topic, 1);
      }
      await sink.acked(2);
      await until('health is good again', () => sink.exporter.health().ok);
      const stored = await readTopic(access(server.brokers), topic);
      assert.deepEqual(
        stored.map(({ headers }) => headers['watershard-id']),
        [recordId('a', 2)],
      );
    });
  }
});

describe('kafka with TLS and SASL', () => {
  let server: KafkaServer;
  before(async () => {
    server = await KafkaServer.start({
      protocol: 'SASL_SSL',
      settings: (folder) => {
        makePki(folder);
        leaf(folder, 'broker', '/CN=broker', 'DNS:localhost,IP:127.0.0.1');
        return tlsSettings(folder);
      },
    });
  });
  after(() => server.stop('SIGKILL'));
  const secret = (password: string) => ({
    topic: 'safe',
    createTopics: true,
    sasl: { mechanism: 'plain', user: 'us', password },
    tls: { ca: join(server.folder, 'ca.crt') },
  });

  test('delivers', async () => {
    const sink = probe(server.brokers, secret('right'));
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
  });

  test('a wrong password is said without it, and an authority that is not trusted', async () => {
    const said = async (changes: Readonly<Record<string, unknown>>, what: RegExp): Promise<void> => {
      const sink = probe(server.brokers, { ...secret('wrong-secret'), ...changes });
      await sink.create();
      const stop = new AbortController();
      const started = sink.exporter.start(stop.signal).catch(() => undefined);
      await until(
        () => JSON.stringify(sink.exporter.health()),
        () => what.test(sink.exporter.health().detail ?? ''),
      );
      assert.doesNotMatch(sink.exporter.health().detail ?? '', /wrong-secret/);
      stop.abort();
      await started;
    };
    await said({}, /EXPORTER_REFUSED/);
    await said({ tls: {} }, /certificate.*EXPORTER_UNREACHABLE/);
  });
});

function tlsSettings(folder: string): string {
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8').trim().replaceAll('\n', '\\n');
  execFileSync('openssl', ['pkcs8', '-topk8', '-nocrypt', '-in', 'broker.key', '-out', 'broker.pk8'], { cwd: folder });
  return `
ssl.keystore.type=PEM
ssl.keystore.certificate.chain=${pem('broker.crt')}
ssl.keystore.key=${pem('broker.pk8')}
ssl.truststore.type=PEM
ssl.truststore.certificates=${pem('ca.crt')}
ssl.endpoint.identification.algorithm=
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="us" password="right" user_us="right";
`;
}
