import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { PARTITIONERS } from '../../src/exporters/kafka/partition.ts';
import { access, readTopic } from '../exporters/kafka-reading.ts';
import { PubsubReader } from '../exporters/pubsub-reading.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { BIN } from '../support/command-line.ts';
import { type KollectEvent, readKollectEvent } from '../support/kollect-events.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { ADMIN_TOKEN } from '../support/servers/pki.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { until } from '../support/until.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

/** `watershard kollect` as a process of its own. */
class Kollect {
  readonly folder = temporaryFolder('kollect');
  log = '';
  #port = 0;
  #child: ChildProcess | undefined;

  async start(args: readonly string[], environment: Record<string, string>): Promise<void> {
    this.#port = await freePort();
    const own = ['--data-dir', join(this.folder, 'data'), '--listen', `127.0.0.1:${this.#port}`];
    const { PATH = '' } = process.env;
    const env = { PATH, HOME: this.folder, ...environment };
    const child = spawn(process.execPath, [BIN, 'kollect', ...args, ...own], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
    });
    child.stderr.on('data', (text) => {
      this.log += String(text);
    });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
  }

  async probe(path: string): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.#port}/__/${path}`)).status;
  }

  async metrics(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.#port}/__/metrics`)).text();
  }

  /** @returns its exit code */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    await until('the program has ended', () => child.exitCode !== null || child.signalCode !== null, 60);
    return child.exitCode;
  }
}

describe('watershard kollect', () => {
  let kube: KubeServer;
  let nats: NatsServer;
  let kafka: KafkaServer;
  let listener: NatsConnection;
  const heard: Uint8Array[] = [];
  const programs: Kollect[] = [];
  const newProgram = (): Kollect => {
    const program = new Kollect();
    programs.push(program);
    return program;
  };
  const map = (name: string, data: Record<string, string>) => ({ metadata: { name, namespace: 'default' }, data });
  const uids = new Map<string, string>();
  const make = async (name: string): Promise<void> => {
    await kube.must('POST', MAPS, map(name, { a: '1' }));
    const { body } = await kube.call('GET', `${MAPS}/${name}`);
    uids.set(name, (body as { metadata: { uid: string } }).metadata.uid);
  };
  const eventsOf = (name: string): KollectEvent[] =>
    heard.map(readKollectEvent).filter(({ uid }) => uid === uids.get(name));
  const types = (name: string): string[] => eventsOf(name).map(({ type }) => type.replace(/Resource|Event/g, ''));
  const data = (text?: string): unknown => (JSON.parse(text ?? '{}') as { data?: unknown }).data;

  before(async () => {
    [kube, nats, kafka] = await Promise.all([KubeServer.start(), NatsServer.start(), KafkaServer.start()]);
    listener = await connect({ servers: nats.url });
    listener.subscribe('k8s.events', { callback: (_, message) => void heard.push(message.data) });
    await listener.flush();
  });
  after(async () => {
    for (const program of programs) await program.stop('SIGKILL');
    await listener.close();
    await Promise.all([kube.stop(), nats.stop('SIGKILL'), kafka.stop('SIGKILL')]);
  });

  test('writes what kollect writes; restarts repeat nothing, deletes while it was down are told, and SIGTERM ends it', async () => {
    await make('before');
    const program = newProgram();
    const args = ['--cluster-id', 'c1', '--event-writer-url', 'nats://k8s.events', '--kube-config', kube.kubeconfig];
    const environment = { NATS_SERVER_URL: nats.url };
    await program.start(args, environment);
    await until('it is there', async () => (await program.probe('health')) === 200);
    assert.equal(await program.probe('ready'), 200, 'ready at once');
    await until(
      () => `what was there is created:\n${program.log}`,
      () => types('before').length > 0,
    );
    await make('live');
    await until('the new one is heard', () => types('live').length === 1);
    await kube.must('PATCH', `${MAPS}/live`, { data: { a: '2' } });
    await until('its change is heard', () => types('live').length === 2);
    const [created, updated] = eventsOf('live');
    assert.deepEqual([created?.type, created?.clusterId], ['ResourceCreatedEvent', 'c1']);
    assert.match(
      created?.resource ?? '',
      /^\{"apiVersion":"v1","data":\{"a":"1"\},"kind":"ConfigMap","metadata":\{.*\}\}\n$/,
    );
    assert.deepEqual([data(updated?.then), data(updated?.now)], [{ a: '1' }, { a: '2' }]);
    assert.equal(await program.stop(), 0);

    await kube.must('DELETE', `${MAPS}/live`);
    await kube.must('PATCH', `${MAPS}/before`, { data: { b: '3' } });
    await program.start(args, environment);
    await until('the delete is heard', () => types('live').length === 3);
    await until('the change is heard', () => types('before').length === 2);
    assert.deepEqual(types('live'), ['Created', 'Updated', 'Deleted']);
    assert.deepEqual(types('before'), ['Created', 'Updated'], 'nothing is created again');
    assert.deepEqual(data(eventsOf('before')[1]?.then), { a: '1' }, 'what it was before the restart is known');
    assert.equal(await program.stop(), 0);
  });

  test('a few seconds of 503 on every watch end none of them, and no value of a Secret is on the bus or in the log', async () => {
    const file = (name: string): string => join(kube.pki, name);
    const tls = { cert: file('apiserver.crt'), key: file('apiserver.key'), ca: kube.ca };
    const proxy = await HttpProxy.start({ target: () => kube.url, tls });
    const program = newProgram();
    const kubeconfig = join(program.folder, 'kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText(`{token: ${ADMIN_TOKEN}}`, proxy.url));
    try {
      const args = ['--event-writer-url', 'nats://k8s.events', '--kube-config', kubeconfig];
      await program.start(args, { NATS_SERVER_URL: nats.url });
      await until('what was there is created', () => types('before').length > 2);
      const fault = { type: 'answer', status: 503 } as const;
      const refused = proxy.add({ when: ({ url }) => url.includes('watch='), fault });
      proxy.breakAll();
      await until('every watch was refused', () => refused() > 50);
      await make('after-503');
      proxy.clear();
      await until('it is told', () => types('after-503').length === 1);
      const value = 'canary-5e8a-value';
      const secret = { metadata: { name: 's', namespace: 'default' }, stringData: { password: value } };
      await kube.must('POST', '/api/v1/namespaces/default/secrets', secret);
      const { body } = await kube.call('GET', '/api/v1/namespaces/default/secrets/s');
      uids.set('secret', (body as { metadata: { uid: string } }).metadata.uid);
      await until('the secret is told', () => types('secret').length === 1);
      assert.deepEqual(data(eventsOf('secret')[0]?.resource), { password: '[REDACTED]' });
      for (const form of [value, Buffer.from(value).toString('base64')]) {
        assert.ok(heard.every((message) => !Buffer.from(message).includes(form)));
        assert.ok(!program.log.includes(form));
      }
      assert.equal(await program.stop(), 0);
    } finally {
      proxy.clear();
      await proxy.stop();
    }
  });

  test('in a namespace and waiting for its sync it becomes ready, without what was there; on Kafka, keyed as kollect does it', async () => {
    const program = newProgram();
    const from = kube.kubeconfig;
    const args = [
      '--event-writer-url',
      'kafka://kollect',
      '--kube-config',
      from,
      '--namespace',
      'default',
      '--wait-for-sync',
    ];
    await program.start(args, { KAFKA_BROKERS: kafka.brokers.join(',') });
    await until(
      () => `it becomes ready:\n${program.log.slice(-2000)}`,
      async () => (await program.probe('ready')) === 200,
    );
    await make('on-kafka');
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'elsewhere' } });
    await kube.must('DELETE', `${MAPS}/on-kafka`);
    const read = async () =>
      (await readTopic(access(kafka.brokers), 'kollect')).map((m) => ({
        ...m,
        event: readKollectEvent(m.value as Buffer),
      }));
    await until('the delete is on Kafka', async () =>
      (await read()).some(({ event }) => event.type === 'ResourceDeletedEvent'),
    );
    const messages = await read();
    assert.deepEqual(
      messages.map(({ event }) => [event.type, event.uid, event.clusterId]),
      ['ResourceCreatedEvent', 'ResourceDeletedEvent'].map((type) => [type, uids.get('on-kafka'), '']),
    );
    for (const { key, partition, headers, event } of messages) {
      assert.deepEqual([key, headers], [event.uid, {}]);
      assert.equal(partition, PARTITIONERS.fnv1a(Buffer.from(key), 3));
    }
    const text = await program.metrics();
    for (const uid of uids.values()) assert.ok(!text.includes(uid), 'no metric has a series an object');
    assert.equal(await program.stop(), 0);
  });

  test('on Pub/Sub: the body, the ordering key, and nothing else; a profile of the heap', async () => {
    const pubsub = await PubsubServer.start();
    const reader = new PubsubReader(pubsub.host);
    const program = newProgram();
    try {
      await reader.createTopic('kollect');
      await reader.subscribe('kollect');
      await make('on-pubsub');
      const args = ['--cluster-id', 'c1', '--event-writer-url', 'gcppubsub://projects/test/topics/kollect'];
      await program.start([...args, '--kube-config', kube.kubeconfig], { PUBSUB_EMULATOR_HOST: pubsub.host });
      const own = async () => {
        const messages = (await reader.read('kollect')).map((m) => ({ ...m, event: readKollectEvent(m.data) }));
        return messages.filter(({ event }) => event.uid === uids.get('on-pubsub'));
      };
      await until(
        () => `it is created:\n${program.log}`,
        async () => (await own()).length > 0,
      );
      await kube.must('PATCH', `${MAPS}/on-pubsub`, { data: { a: '2' } });
      await until('it is updated', async () => (await own()).length > 1);
      assert.equal(await program.probe('pprof/heap?seconds=0.2'), 200);
      await kube.must('DELETE', `${MAPS}/on-pubsub`);
      await until('it is deleted', async () => (await own()).length > 2);
      const messages = await own();
      assert.deepEqual(
        messages.map(({ event }) => event.type.replace(/Resource|Event/g, '')),
        ['Created', 'Updated', 'Deleted'],
      );
      for (const { orderingKey, attributes, event } of messages)
        assert.deepEqual([orderingKey, attributes, event.clusterId], [`c1/${event.uid}`, {}, 'c1']);
      assert.equal(await program.stop(), 0);
    } finally {
      await program.stop('SIGKILL');
      await reader.close();
      await pubsub.stop('SIGKILL');
    }
  });
});
