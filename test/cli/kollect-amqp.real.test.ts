import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Message } from 'rhea';
import { bindQueue, readQueue } from '../exporters/rabbitmq-reading.ts';
import { connectTo } from '../exporters/servicebus-reading.ts';
import { BIN } from '../support/command-line.ts';
import { readKollectEvent } from '../support/kollect-events.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { until } from '../support/until.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('watershard kollect on buses of AMQP', () => {
  let kube: KubeServer;
  let rabbit: RabbitServer;
  let artemis: ArtemisServer;
  before(async () => {
    [kube, rabbit, artemis] = await Promise.all([
      KubeServer.start(),
      RabbitServer.start(),
      ArtemisServer.start({ user: 'send', password: 'key-of-policy=' }),
    ]);
  });
  after(() => Promise.all([kube.stop(), rabbit.stop(), artemis.stop()]));

  /** Makes, changes and deletes an object while the program runs; `bodies` gives what has come to the bus. */
  async function follow(
    url: string,
    environment: Record<string, string>,
    bodies: () => Promise<Buffer[]>,
  ): Promise<void> {
    const name = `m-${Object.keys(environment)[0]?.toLowerCase().replaceAll('_', '-')}`;
    const folder = temporaryFolder('kollect');
    const listen = `127.0.0.1:${await freePort()}`;
    const own = ['--cluster-id', 'c1', '--namespace', 'default', '--kube-config', kube.kubeconfig];
    const args = [
      BIN,
      'kollect',
      '--event-writer-url',
      url,
      ...own,
      '--data-dir',
      join(folder, 'd'),
      '--listen',
      listen,
    ];
    const env = { PATH: process.env.PATH ?? '', HOME: folder, ...environment };
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    process.once('exit', () => child.kill('SIGKILL'));
    let log = '';
    child.stderr.on('data', (text) => {
      log += String(text);
    });
    await kube.must('POST', MAPS, { metadata: { name, namespace: 'default' }, data: { a: '1' } });
    const { body } = await kube.call('GET', `${MAPS}/${name}`);
    const { uid } = (body as { metadata: { uid: string } }).metadata;
    const types = async (): Promise<string[]> =>
      (await bodies())
        .map(readKollectEvent)
        .filter((event) => event.uid === uid && event.clusterId === 'c1')
        .map(({ type }) => type.replace(/Resource|Event/g, ''));
    const come = (count: number): Promise<unknown> =>
      until(
        () => `${count} events of it have come:\n${log}`,
        async () => (await types()).length >= count,
      );
    await come(1);
    await kube.must('PATCH', `${MAPS}/${name}`, { data: { a: '2' } });
    await come(2);
    await kube.must('DELETE', `${MAPS}/${name}`);
    await come(3);
    assert.deepEqual(await types(), ['Created', 'Updated', 'Deleted']);
    assert.ok(!log.includes('key-of-policy') && !log.includes('guest:'), 'no secret is in the log');
    child.kill('SIGTERM');
    await until('the program has ended', () => child.exitCode !== null || child.signalCode !== null, 60);
    assert.equal(child.exitCode, 0);
  }

  test('RabbitMQ: to a fanout exchange with an empty routing key', async () => {
    await bindQueue(rabbit.url, 'events', 'events', { type: 'fanout', pattern: '' });
    const RABBIT_SERVER_URL = `amqp://guest:guest@127.0.0.1:${rabbit.port}/`;
    await follow('rabbit://events', { RABBIT_SERVER_URL }, async () => {
      const messages = await readQueue(rabbit.url, 'events');
      for (const { fields, properties } of messages)
        assert.deepEqual([fields.routingKey, properties.headers], ['', {}]);
      return messages.map(({ content }) => content);
    });
  });

  test('Service Bus: to a topic, by a connection string', async () => {
    const connection = connectTo(artemis.port, { username: 'send', password: 'key-of-policy=' });
    const heard: Message[] = [];
    const receiver = connection.open_receiver({ source: { address: 'events', capabilities: ['topic'] } });
    receiver.on('message', ({ message }) => message && heard.push(message));
    await new Promise((resolve) => receiver.once('receiver_open', resolve));
    const SERVICEBUS_CONNECTION_STRING = `Endpoint=sb://127.0.0.1:${artemis.port}/;SharedAccessKeyName=send;SharedAccessKey=key-of-policy=;UseDevelopmentEmulator=true`;
    await follow('azuresb://events', { SERVICEBUS_CONNECTION_STRING }, async () => {
      for (const { application_properties } of heard) assert.equal(application_properties, undefined);
      return heard.map(({ body }) => body.content as Buffer);
    });
    connection.close();
  });
});
