import { connect, type NatsConnection } from '@nats-io/transport-node';
import { HttpSink } from '../exporters/http-sink.ts';
import { access, readTopic } from '../exporters/kafka-reading.ts';
import { PubsubReader } from '../exporters/pubsub-reading.ts';
import { bindQueue, readQueue } from '../exporters/rabbitmq-reading.ts';
import { readBus } from '../exporters/servicebus-reading.ts';
import { SnsListener } from '../exporters/sns-reading.ts';
import { SqsJournal } from '../exporters/sqs-journal.ts';
import { AWS_ENVIRONMENT, SqsReader } from '../exporters/sqs-reading.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { Moto } from '../support/servers/moto.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** A bus with its server and a consumer of it. */
export interface Bus {
  /** Settings of its exporter, of encoding json. */
  readonly exporter: Readonly<Record<string, unknown>>;
  /** Everything that the consumer finds, repetitions included, in the order of each object. */
  read(): Promise<SeenRecord[]>;
  /** The server ends in the middle of its work. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface BusType {
  readonly name: string;
  readonly start: () => Promise<Bus>;
  /** It acknowledges nothing, so what it was sent when it was killed is lost. */
  readonly forgets?: boolean;
}

/** Every bus that there is an exporter for. */
export const BUSES: readonly BusType[] = [
  { name: 'jetstream', start: startJetstream },
  { name: 'nats', start: startNats, forgets: true },
  { name: 'kafka', start: startKafka },
  { name: 'http', start: startHttp },
  { name: 'pubsub', start: startPubsub },
  { name: 'rabbitmq', start: startRabbit },
  { name: 'servicebus', start: startServiceBus },
  { name: 'sqs', start: startSqs },
  { name: 'sns', start: startSns },
];

/** @param id as the message itself has it, where it can; else that of the record */
function seen(payload: string | Uint8Array, id?: string): SeenRecord {
  const record = JSON.parse(String(payload)) as SeenRecord;
  return { ...record, messageId: id ?? record.id };
}

async function startJetstream(): Promise<Bus> {
  const server = await NatsServer.start();
  await makeStream(server.url);
  return {
    exporter: { type: 'jetstream', servers: [server.url], stream: 'K8S' },
    read: () => readStream(server.url),
    kill: () => server.stop('SIGKILL'),
    restart: () => server.restart(),
    stop: () => server.stop('SIGKILL'),
  };
}

async function startNats(): Promise<Bus> {
  const server = await NatsServer.start();
  const heard: SeenRecord[] = [];
  const options = { servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 };
  const listener: NatsConnection = await connect(options);
  listener.subscribe('>', {
    callback: (_, message) => void heard.push(seen(message.string(), message.headers?.get('Nats-Msg-Id') || undefined)),
  });
  await listener.flush();
  return {
    exporter: { type: 'nats', servers: [server.url] },
    read: async () => heard,
    kill: () => server.stop('SIGKILL'),
    restart: () => server.restart(),
    stop: async () => {
      await listener.close();
      await server.stop('SIGKILL');
    },
  };
}

async function startKafka(): Promise<Bus> {
  const server = await KafkaServer.start();
  return {
    exporter: { type: 'kafka', brokers: server.brokers, topic: 'changes', createTopics: { partitions: 4 } },
    read: async () =>
      (await readTopic(access(server.brokers), 'changes')).map(({ value, headers }) =>
        seen(value ?? '', headers['watershard-id']),
      ),
    kill: () => server.stop('SIGKILL'),
    restart: () => server.restart(),
    stop: () => server.stop('SIGKILL'),
  };
}

async function startHttp(): Promise<Bus> {
  const sink = new HttpSink();
  await sink.start();
  return {
    exporter: { type: 'http', url: sink.url, format: 'ndjson', batch: { records: 100, interval: '20ms' } },
    read: async () => sink.stored.flatMap((body) => body.trimEnd().split('\n')).map((line) => seen(line)),
    kill: () => sink.stop(),
    restart: () => sink.start(),
    stop: () => sink.stop(),
  };
}

async function startPubsub(): Promise<Bus> {
  const server = await PubsubServer.start();
  const reader = new PubsubReader(server.host);
  await reader.createTopic('changes');
  await reader.subscribe('changes');
  return {
    exporter: { type: 'pubsub', endpoint: server.endpoint, topic: 'projects/test/topics/changes' },
    read: async () =>
      (await reader.read('changes')).map(({ data, attributes }) => seen(data, attributes['watershard-id'])),
    kill: () => server.stop('SIGKILL'),
    restart: async () => {
      await server.restart();
      reader.forget();
    },
    stop: async () => {
      await reader.close();
      await server.stop('SIGKILL');
    },
  };
}

async function startRabbit(): Promise<Bus> {
  const server = await RabbitServer.start();
  await bindQueue(server.url, 'changes', 'k8s');
  return {
    exporter: { type: 'rabbitmq', urls: [server.url], exchange: 'k8s' },
    read: async () =>
      (await readQueue(server.url, 'changes')).map(({ content, properties }) =>
        seen(content, String(properties.messageId)),
      ),
    kill: () => server.stopNode('SIGKILL'),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
}

async function startServiceBus(): Promise<Bus> {
  const server = await ArtemisServer.start();
  return {
    exporter: {
      type: 'servicebus',
      host: '127.0.0.1',
      port: server.port,
      tls: false,
      queue: 'changes',
      sessions: true,
    },
    read: async () =>
      (await readBus(server.port, 'changes')).map(({ body, message_id }) => seen(body.content, String(message_id))),
    kill: () => server.stop('SIGKILL'),
    restart: () => server.restart(),
    stop: () => server.stop('SIGKILL'),
  };
}

async function startSqs(): Promise<Bus> {
  Object.assign(process.env, AWS_ENVIRONMENT);
  const server = await ElasticMq.start();
  const reader = new SqsReader(server.endpoint);
  await reader.create('changes.fifo');
  const journal = new SqsJournal(server.endpoint);
  return {
    exporter: { type: 'sqs', queue: 'changes.fifo', endpoint: await journal.start() },
    read: async () => journal.bodies.map((body) => seen(body)),
    kill: () => server.stop('SIGKILL'),
    // This server forgets its queues.
    restart: async () => {
      await server.restart();
      await reader.create('changes.fifo');
    },
    stop: async () => {
      await journal.stop();
      await server.stop('SIGKILL');
    },
  };
}

async function startSns(): Promise<Bus> {
  Object.assign(process.env, AWS_ENVIRONMENT);
  const server = await Moto.start();
  const way = await TcpProxy.start(server.port);
  const listener = new SnsListener(server.endpoint);
  await listener.start();
  const topic = await listener.create('changes');
  await listener.listen(topic);
  return {
    exporter: { type: 'sns', topic, endpoint: `http://127.0.0.1:${way.port}` },
    read: async () => listener.heard('changes').map(({ Message }) => seen(Message)),
    kill: async () => {
      way.reset(true);
      await server.stop('SIGKILL');
    },
    // This server forgets topics and who listens to them; what is published before someone listens is not heard.
    restart: async () => {
      await server.restart();
      await listener.listen(await listener.create('changes'));
      way.heal();
    },
    stop: async () => {
      await way.stop();
      await listener.stop();
      await server.stop('SIGKILL');
    },
  };
}
