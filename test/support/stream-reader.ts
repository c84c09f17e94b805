import { AckPolicy, jetstream, jetstreamManager, type StreamConfig, type StreamState } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** A record as a consumer of JetStream sees it (encoding json). */
export interface SeenRecord {
  readonly subject: string;
  readonly messageId: string;
  readonly sequence: number;
  readonly id: string;
  readonly operation: string;
  readonly detectedBy: string;
  readonly observedAt: string;
  /** When the server stored it. */
  readonly storedAt: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly fields?: Record<string, unknown>;
  readonly object?: Record<string, unknown>;
  readonly patch?: unknown;
}

/** Messages that are fetched at once: asked for more than some 64 MB, the server takes this for a slow consumer. */
const FETCHED = 500;
const FETCHED_LARGE = 40;
/** Bytes of a message on average from which on some are large. */
const LARGE = 4096;

/** Longer than any fault of the tests: what is sent again after the window stands twice, as nobody promises otherwise. */
const DUPLICATE_WINDOW = 30 * 60_000_000_000;

/** Makes the stream that the configurations of the tests name. */
export async function makeStream(
  url: string | string[],
  name = 'K8S',
  subjects = ['k8s.>'],
  limits: Partial<StreamConfig> = {},
): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects, duplicate_window: DUPLICATE_WINDOW, ...limits });
  await connection.close();
}

/** Everything that is in the stream now, in order. */
export async function* streamRecords(url: string | string[], name = 'K8S'): AsyncGenerator<SeenRecord> {
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(name);
    if (state.messages === 0) return;
    const fetched = state.bytes > LARGE * state.messages ? FETCHED_LARGE : FETCHED;
    const made = await manager.consumers.add(name, { ack_policy: AckPolicy.None, mem_storage: true });
    const consumer = await jetstream(connection).consumers.get(name, made.name);
    for (let read = 0; read < state.messages; ) {
      const before = read;
      const count = Math.min(fetched, state.messages - before);
      for await (const m of await consumer.fetch({ max_messages: count, expires: 30_000 })) {
        read++;
        const messageId = m.headers?.get('Nats-Msg-Id') ?? '';
        yield { ...m.json<SeenRecord>(), subject: m.subject, sequence: m.seq, messageId, storedAt: m.timestamp };
      }
      if (read === before) throw new Error(`${before} of ${state.messages} messages could be read`);
    }
  } finally {
    await connection.close();
  }
}

/** Everything in the stream, in order. */
export async function readStream(url: string | string[], name = 'K8S'): Promise<SeenRecord[]> {
  const records: SeenRecord[] = [];
  for await (const record of streamRecords(url, name)) records.push(record);
  return records;
}

export async function countStream(url: string, name = 'K8S'): Promise<number> {
  return (await streamState(url, name)).messages;
}

/** With their subjects and headers, as the server counts them. */
export async function streamBytes(url: string, name = 'K8S'): Promise<number> {
  return (await streamState(url, name)).bytes;
}

/** Sequence number of the last message. */
export async function streamEnd(url: string, name = 'K8S'): Promise<number> {
  return (await streamState(url, name)).last_seq;
}

async function streamState(url: string, name: string): Promise<StreamState> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(name);
  await connection.close();
  return state;
}
