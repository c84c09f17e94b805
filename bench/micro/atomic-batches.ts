import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { LaneRecord } from '../../src/model/lane.ts';

/** The server takes no more messages in one atomic batch. */
export const MAX_BATCH = 1000;
/** It takes up to 50 open batches of a stream; with as many of 1000 messages it answers 429 at times. */
const MAX_OPEN = 8;
/** The stream has more to take in than it keeps waiting: the whole batch has to be sent again. */
export const TOO_MANY_REQUESTS = 10167;

/** What the server said to the last message of a batch. */
export interface BatchAnswer {
  readonly error?: { readonly code: number; readonly err_code: number; readonly description: string };
  readonly seq?: number;
  readonly batch?: string;
  readonly count?: number;
}

/**
 * Publishes atomic batches (ADR-50): the messages of a batch get no answer but the last, which commits it. Headers are built
 * as text and answers come by one subscription, as in src/exporters/jetstream.
 */
export class BatchPublisher {
  readonly #connection: NatsConnection;
  readonly #stream: string;
  readonly #inbox = createInbox();
  readonly #open = new Map<string, (answer: BatchAnswer) => void>();
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
    connection.subscribe(`${this.#inbox}.*`, { callback: (_, message) => this.#answered(message) });
  }

  /** Sends when there is room for an open batch, and does not wait for its answer. */
  async send(records: readonly LaneRecord[], ids: boolean): Promise<{ readonly answer: Promise<BatchAnswer> }> {
    while (this.#open.size >= MAX_OPEN) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const id = `b${++this.#count}`;
    const { promise, resolve } = Promise.withResolvers<BatchAnswer>();
    this.#open.set(id, resolve);
    for (const [i, record] of records.entries()) {
      const last = i === records.length - 1;
      const text =
        `NATS/1.0\r\nNats-Expected-Stream: ${this.#stream}\r\nWatershard-Operation: ${record.operation}\r\n` +
        `Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${i + 1}${last ? '\r\nNats-Batch-Commit: 1' : ''}` +
        `${ids ? `\r\nNats-Msg-Id: ${record.id}` : ''}\r\n\r\n`;
      const headers = { encode: () => Buffer.from(text) } as unknown as MsgHdrs;
      this.#connection.publish(
        record.subject,
        record.payload,
        last ? { headers, reply: `${this.#inbox}.${id}` } : { headers },
      );
    }
    return { answer: promise };
  }

  #answered(message: Msg): void {
    const id = message.subject.slice(this.#inbox.length + 1);
    const resolve = this.#open.get(id);
    this.#open.delete(id);
    this.#waiting.shift()?.();
    resolve?.(message.data.length === 0 ? {} : message.json<BatchAnswer>());
  }
}

/** What becomes of message ids in a batch. */
export async function probeIds(
  connection: NatsConnection,
  stream: string,
  records: readonly LaneRecord[],
): Promise<Record<string, unknown>> {
  const publisher = new BatchPublisher(connection, stream);
  const manager = await jetstreamManager(connection);
  const stored = async (): Promise<number> => (await manager.streams.info(stream)).state.messages;
  const attempt = async (batch: readonly LaneRecord[]): Promise<unknown> => {
    const before = await stored();
    const { answer: committed } = await publisher.send(batch, true);
    const answer = await committed;
    return { answer: answer.error ?? { count: answer.count }, stored: (await stored()) - before };
  };
  const [a, b, c, d, e] = records as [LaneRecord, LaneRecord, LaneRecord, LaneRecord, LaneRecord];
  try {
    return {
      'all ids are new': await attempt([a, b]),
      'one id of three is in the stream already': await attempt([c, a, d]),
      'one id twice in the batch': await attempt([e, e]),
      'the whole batch again': await attempt([a, b]),
    };
  } catch (error) {
    if (error instanceof JetStreamApiError) return { failed: error.message };
    throw error;
  }
}
