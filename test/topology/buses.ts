import { connect, type NatsConnection } from '@nats-io/transport-node';
import { HttpSink } from '../exporters/http-sink.ts';
import { access, readTopic } from '../exporters/kafka-reading.ts';
import { PubsubReader } from '../exporters/pubsub-reading.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';

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
