import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SnsListener } from '../exporters/sns-reading.ts';
import { AWS_ENVIRONMENT, type QueueMessage, SqsReader } from '../exporters/sqs-reading.ts';
import { BIN } from '../support/command-line.ts';
import { type KollectEvent, readKollectEvent } from '../support/kollect-events.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { Moto } from '../support/servers/moto.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

describe('watershard kollect on buses of AWS', () => {
  let kube: KubeServer;
  let sqs: ElasticMq;
  let moto: Moto;
  before(async () => {
    [kube, sqs, moto] = await Promise.all([KubeServer.start(), ElasticMq.start(), Moto.start()]);
  });
  after(() => Promise.all([kube.stop(), sqs.stop('SIGKILL'), moto.stop('SIGKILL')]));

  /** As the library of kollect reads it. */
  const decode = ({ body, attributes }: QueueMessage): KollectEvent => {
    const { base64encoded, ...others } = attributes;
    assert.deepEqual(others, {}, 'no attribute beside that');
    return readKollectEvent(Buffer.from(body, base64encoded === 'true' ? 'base64' : 'utf8'));
  };

  /** Makes, changes and deletes an object while the program runs. @returns what came of it to the queue */
  async function follow(name: string, eventWriterUrl: string, reader: SqsReader, queue: string) {
    const folder = temporaryFolder('kollect');
    const listen = `127.0.0.1:${await freePort()}`;
    const own = ['--cluster-id', 'c1', '--namespace', 'default', '--kube-config', kube.kubeconfig];
    const places = ['--data-dir', join(folder, 'data'), '--listen', listen];
    const args = [BIN, 'kollect', '--event-writer-url', eventWriterUrl, ...own, ...places];
    const env = { PATH: process.env.PATH ?? '', HOME: folder, ...AWS_ENVIRONMENT };
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    process.once('exit', () => child.kill('SIGKILL'));
    let log = '';
    child.stderr.on('data', (text) => {
      log += String(text);
    });
    const found: { event: KollectEvent; message: QueueMessage }[] = [];
    try {
      await kube.must('POST', MAPS, { metadata: { name, namespace: 'default' }, data: { a: '1' } });
      const { body } = await kube.call('GET', `${MAPS}/${name}`);
      const { uid } = (body as { metadata: { uid: string } }).metadata;
      const seen = (count: number): Promise<unknown> =>
        until(
          () => `${count} events of it are there:\n${log}`,
          async () => {
            for (const message of await reader.drain(queue)) {
              const event = decode(message);
              if (event.uid === uid) found.push({ event, message });
            }
            return found.length >= count;
          },
        );
      await seen(1);
      await kube.must('PATCH', `${MAPS}/${name}`, { data: { a: '2' } });
      await seen(2);
      await kube.must('DELETE', `${MAPS}/${name}`);
      await seen(3);
      assert.deepEqual(
        found.map(({ event }) => [event.type, event.clusterId]),
        ['Created', 'Updated', 'Deleted'].map((type) => [`Resource${type}Event`, 'c1']),
      );
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      assert.equal(await ended, 0);
      assert.equal(log.includes(AWS_ENVIRONMENT.AWS_SECRET_ACCESS_KEY), false);
      return { uid, messages: found.map(({ message }) => message) };
    } finally {
      child.kill('SIGKILL');
    }
  }

  test('awssqs: as the library of kollect writes and reads it, and to a FIFO queue, to which kollect cannot send', async () => {
    const reader = new SqsReader(sqs.endpoint);
    for (const name of ['kollect', 'kollect.fifo']) {
      const queue = await reader.create(name);
      const place = queue.replace(/^http:\/\//, '');
      const query = `region=us-east-1&disableSSL=true&endpoint=127.0.0.1:${sqs.port}`;
      const { uid, messages } = await follow(name, `awssqs://${place}?${query}`, reader, queue);
      const fifo = name.endsWith('.fifo');
      assert.deepEqual([...new Set(messages.map(({ groupId }) => groupId))], [fifo ? `c1/${uid}` : undefined]);
    }
  });

  test('awssns: a queue behind the topic gets what kollect sends', async () => {
    const reader = new SqsReader(moto.endpoint);
    const listener = new SnsListener(moto.endpoint);
    const topic = await listener.create('kollect');
    const queue = await reader.create('kollect');
    await listener.subscribe(topic, 'sqs', await reader.arn(queue));
    await follow('on-sns', `awssns:///${topic}?endpoint=${encodeURIComponent(moto.endpoint)}`, reader, queue);
  });
});
