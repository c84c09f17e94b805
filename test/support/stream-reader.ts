import { AckPolicy, jetstream, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
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

/** Messages that are fetched at once. */
const FETCHED = 500;

/** Makes the stream that the configurations of the tests name. */
export async function makeStream(
  url: string,
  name = 'K8S',
  subjects = ['k8s.>'],
  limits: Partial<StreamConfig> = {},
): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects, duplicate_window: 120_000_000_000, ...limits });
  await connection.close();
}

/** Everything in the stream, in order. */
export async function readStream(url: string, name = 'K8S'): Promise<SeenRecord[]> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(name);
  const records: SeenRecord[] = [];
  if (state.messages > 0) {
    const made = await manager.consumers.add(name, { ack_policy: AckPolicy.None, mem_storage: true });
    const consumer = await jetstream(connection).consumers.get(name, made.name);
    while (records.length < state.messages) {
      const before = records.length;
      // Asked for more than some 64 MB at once, the server takes this for a slow consumer.
      const count = Math.min(FETCHED, state.messages - before);
      for await (const m of await consumer.fetch({ max_messages: count, expires: 30_000 })) {
        const record = m.json<SeenRecord>();
        const messageId = m.headers?.get('Nats-Msg-Id') ?? '';
        records.push({ ...record, subject: m.subject, sequence: m.seq, messageId, storedAt: m.timestamp });
      }
      if (records.length === before) throw new Error(`${before} of ${state.messages} messages could be read`);
    }
  }
  await connection.close();
  return records;
}

export async function countStream(url: string, name = 'K8S'): Promise<number> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(name);
  await connection.close();
  return state.messages;
}
