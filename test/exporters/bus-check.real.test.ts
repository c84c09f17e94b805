import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CheckContext } from '../../src/exporters/exporter-type.ts';
import { EXPORTERS, type ExporterConfig } from '../../src/exporters/registry.ts';
import { type Finding, thrown } from '../../src/model/finding.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { Moto } from '../support/servers/moto.ts';
import { freePort } from '../support/servers/process.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { PubsubFront } from './pubsub-front.ts';
import { PubsubReader } from './pubsub-reading.ts';
import { bindQueue, readQueue, withChannel } from './rabbitmq-reading.ts';
import { readBus } from './servicebus-reading.ts';
import { SnsListener } from './sns-reading.ts';
import { AWS_ENVIRONMENT, SqsReader } from './sqs-reading.ts';

Object.assign(process.env, AWS_ENVIRONMENT);

type Type = 'sqs' | 'sns' | 'rabbitmq' | 'servicebus' | 'pubsub';
type Settings = Readonly<Record<string, unknown>>;

async function check(type: Type, settings: Settings, write = false): Promise<Finding[]> {
  const logger = createLogger('silent', false);
  const signal = AbortSignal.timeout(20_000);
  const context = { name: 'sink', cluster: 'demo', signal, send: false, write, logger, metrics: createMetrics() };
  const { config, check } = EXPORTERS[type] as unknown as {
    config: { parse(settings: Settings): ExporterConfig };
    check(config: ExporterConfig, context: CheckContext): Promise<Finding[]>;
  };
  return await check(config.parse({ name: 'sink', type, ...settings }), context).catch((e: unknown) => [thrown(e)]);
}

/** In one line: what a person would read. */
async function told(type: Type, settings: Settings, write = false): Promise<string> {
  const findings = await check(type, settings, write);
  const lines = findings.map((f) => `${f.outcome} ${f.code ?? ''} ${f.text} → ${f.remedy ?? ''}`);
  return lines.map((line) => line.replace(/\s*\n\s*/g, ' ')).join('\n');
}

describe('the check of an SQS exporter', () => {
  test('asks whether it may send and sends nothing; says what is missing and what to do', async (t) => {
    const server = await ElasticMq.start();
    const proxy = await HttpProxy.start({ target: () => server.endpoint });
    t.after(async () => {
      await proxy.stop();
      await server.stop('SIGKILL');
    });
    const reader = new SqsReader(server.endpoint);
    const url = await reader.create('changes.fifo');
    const at = { endpoint: proxy.url };
    const well = await told('sqs', { queue: 'changes.fifo', ...at });
    assert.match(
      well,
      /^ok .*queue changes\.fifo at http.* is there, and answered a request to send without a message; with --write/,
    );
    assert.deepEqual(await reader.drain(url), [], 'nothing was sent');

    assert.match(
      await told('sqs', { queue: 'nowhere', ...at }),
      /^failed EXPORTER_TARGET_MISSING .* → Make it \(aws sqs create-queue --queue-name nowhere\), or correct its name, the region/,
    );
    const denied = { __type: 'AccessDeniedException', message: 'is not authorized to perform: sqs:sendmessage' };
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    const refuse = (body: object) => ({ type: 'answer', status: 403, headers, body: JSON.stringify(body) }) as const;
    const always = { when: () => true };
    proxy.add({ ...always, fault: refuse(denied) });
    // By its URL it need not be looked for: only sending is denied.
    const direct = { queue: url.replace(server.endpoint, proxy.url), ...at };
    assert.match(
      await told('sqs', direct),
      /^failed EXPORTER_REFUSED sending to .*not authorized.* → Allow sqs:SendMessage /,
    );
    proxy.clear();
    proxy.add({ ...always, fault: refuse({ __type: 'InvalidClientTokenId', message: 'The token is invalid' }) });
    assert.match(await told('sqs', direct), /^failed EXPORTER_REFUSED .* → Give credentials .*AWS_ACCESS_KEY_ID/);
    proxy.clear();
    const away = { queue: 'changes.fifo', endpoint: `http://127.0.0.1:${await freePort()}` };
    assert.match(await told('sqs', away), /^failed EXPORTER_UNREACHABLE .* → Check endpoint, region and network/);

    const written = await told('sqs', { queue: 'changes.fifo', ...at }, true);
    assert.match(
      written,
      /^ok .*\nok .* has stored a message; consumers get it: its id is watershard-doctor-\S+, its operation PROBE/,
    );
    const [message, ...more] = await reader.drain(url);
    assert.deepEqual(more, []);
    assert.equal((JSON.parse(message?.body ?? '') as { operation: string }).operation, 'PROBE');
    assert.match(
      await told('sqs', { queue: 'changes.fifo', encoding: 'kollect', ...at }, true),
      /\nwarning .*no message was written/,
    );
    assert.deepEqual(await reader.drain(url), []);
  });
});

describe('the check of an SNS exporter', () => {
  test('asks whether it may publish and publishes nothing', async (t) => {
    const server = await Moto.start();
    const listener = new SnsListener(server.endpoint);
    await listener.start();
    t.after(async () => {
      await listener.stop();
      await server.stop('SIGKILL');
    });
    const topic = await listener.create('changes');
    await listener.listen(topic);
    const at = { topic, endpoint: server.endpoint };
    const well = await told('sns', at);
    assert.match(well, /^(ok|warning) .*topic arn:aws:sns:\S+:changes at http.* is there/);
    assert.deepEqual(listener.heard('changes'), []);
    const missing = await told('sns', { ...at, topic: topic.replace('changes', 'nowhere') });
    assert.match(missing, /^failed EXPORTER_TARGET_MISSING .* → Make it \(aws sns create-topic --name nowhere\)/);
    assert.match(await told('sns', at, true), /\nok .*topic .*:changes at .* has stored a message/);
    assert.equal(listener.heard('changes').length, 1);
  });
});

describe('the check of a RabbitMQ exporter', () => {
  test('publishes what is refused after the right to write was looked at; makes nothing that is missing', async (t) => {
    const password = 'pass-of-reader';
    const server = await RabbitServer.start({
      definitions: {
        users: [{ name: 'reader', password, tags: [] }],
        permissions: [{ user: 'reader', vhost: '/', configure: '', write: '^$', read: '.*' }],
      },
    });
    t.after(() => server.stop());
    const at = { urls: [server.url], exchange: 'k8s' };
    const missing = await told('rabbitmq', at);
    assert.match(missing, /^failed EXPORTER_TARGET_MISSING .* → Declare the exchange, set createExchange/);
    assert.match(
      await told('rabbitmq', { ...at, createExchange: true }),
      /^ok .*exchange k8s is not there yet, and createExchange makes it/,
    );
    assert.match(await told('rabbitmq', at), /^failed EXPORTER_TARGET_MISSING /, 'it was not made');
    await bindQueue(server.url, 'all', 'k8s');
    const well = await told('rabbitmq', at);
    assert.match(
      well,
      /^ok .*exchange k8s at \S+ is there and may be written to: it refused a message as it was asked to, and nobody gets it/,
    );
    assert.deepEqual(await readQueue(server.url, 'all'), []);

    const reader = { user: 'reader', password };
    const noWrite = await told('rabbitmq', { ...at, urls: [server.url.replace(/\/\/.*@/, '//')], ...reader });
    assert.match(noWrite, /^failed EXPORTER_REFUSED .*exchange 'k8s'.* → .*set_permissions/);
    const wrong = await told('rabbitmq', {
      ...at,
      urls: [server.url.replace(/\/\/.*@/, '//')],
      user: 'guest',
      password: 'wrong-one',
    });
    assert.match(wrong, /^failed EXPORTER_REFUSED .* → Correct user and password/);
    assert.doesNotMatch(`${wrong}${noWrite}`, /wrong-one|pass-of-reader/);
    const tls = await told('rabbitmq', { ...at, urls: [server.url.replace('amqp:', 'amqps:')] });
    assert.match(tls, /^failed EXPORTER_UNREACHABLE .* → The two do not agree on TLS/);

    assert.match(await told('rabbitmq', at, true), /^ok .*exchange k8s at \S+ has stored a message; consumers get it/);
    const [message, ...more] = await readQueue(server.url, 'all');
    assert.deepEqual([more.length, message?.properties.headers?.['watershard-operation']], [0, 'PROBE']);
    await withChannel(server.url, (channel) => channel.deleteQueue('all'));
    assert.match(await told('rabbitmq', at, true), /^failed .*did not take a message: no queue of RabbitMQ is bound/);
  });
});

describe('the check of a Service Bus exporter', () => {
  test('opens a link to send over, and sends nothing', async (t) => {
    const server = await ArtemisServer.start();
    t.after(() => server.stop());
    const at = { host: '127.0.0.1', port: server.port, tls: false, queue: 'changes' };
    const well = await told('servicebus', at);
    assert.match(well, /^ok .*queue changes at 127\.0\.0\.1:\d+ is there and gave a link to send over; with --write/);
    assert.deepEqual(await readBus(server.port, 'changes'), []);
    assert.match(
      await told('servicebus', { ...at, tls: undefined }),
      /^failed EXPORTER_UNREACHABLE .* → Check host.* speaks TLS or not as tls says/,
    );
    assert.match(
      await told('servicebus', { ...at, port: await freePort() }),
      /^failed EXPORTER_UNREACHABLE .* → Check host, network and port/,
    );
    assert.match(await told('servicebus', at, true), /^ok .*queue changes at \S+ has stored a message/);
    assert.equal((await readBus(server.port, 'changes')).length, 1);
  });

  test('tells a wrong password', async (t) => {
    const server = await ArtemisServer.start({ user: 'sender', password: 'right' });
    t.after(() => server.stop());
    const at = {
      host: '127.0.0.1',
      port: server.port,
      tls: false,
      queue: 'changes',
      user: 'sender',
      password: 'wrong-one',
    };
    const wrong = await told('servicebus', at);
    assert.match(
      wrong,
      /^failed EXPORTER_REFUSED .* → Correct the name and the key of the policy, or user and password/,
    );
    assert.doesNotMatch(wrong, /wrong-one/);
  });
});

describe('the check of a Pub/Sub exporter', () => {
  test('asks for the right to publish, and makes and publishes nothing', async (t) => {
    const server = await PubsubServer.start();
    const front = await PubsubFront.start(`http://${server.host}`);
    const reader = new PubsubReader(server.host);
    t.after(async () => {
      await reader.close();
      await front.stop();
      await server.stop('SIGKILL');
    });
    const at = { topic: 'changes', project: 'test', endpoint: `http://127.0.0.1:${front.port}` };
    assert.match(
      await told('pubsub', at),
      /^failed EXPORTER_TARGET_MISSING .* → Make it \(gcloud pubsub topics create\)/,
    );
    assert.match(
      await told('pubsub', { ...at, createTopic: true }),
      /^ok .*topic changes is not there yet, and createTopic makes it/,
    );
    assert.match(await told('pubsub', at), /^failed EXPORTER_TARGET_MISSING /, 'it was not made');
    await reader.createTopic('changes');
    await reader.subscribe('changes');
    assert.match(
      await told('pubsub', at),
      /^ok .*projects\/test\/topics\/changes is there; who may publish cannot be asked here; with --write/,
    );
    const permission = Buffer.from('pubsub.topics.publish');
    const answer = (body: Buffer) =>
      (front.answer = ({ method }) => (method === 'TestIamPermissions' ? { body } : undefined));
    answer(Buffer.concat([Buffer.from([10, permission.length]), permission]));
    assert.match(await told('pubsub', at), /^ok .*is there and may be published to, as it says when it is asked/);
    answer(Buffer.alloc(0));
    assert.match(
      await told('pubsub', at),
      /^failed EXPORTER_REFUSED .*may not be published to → .*roles\/pubsub\.publisher/,
    );
    front.answer = () => ({ code: 16, message: 'Request had invalid authentication credentials' });
    assert.match(
      await told('pubsub', at),
      /^failed EXPORTER_REFUSED .* → Give credentials \(GOOGLE_APPLICATION_CREDENTIALS/,
    );
    front.answer = () => undefined;
    assert.deepEqual(await reader.read('changes'), []);
    assert.match(await told('pubsub', at, true), /^ok .*topics\/changes has stored a message/);
    assert.equal((await reader.read('changes')).length, 1);
  });
});
