import { isDeepStrictEqual } from 'node:util';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { escapeToken } from '../../src/transform/subject.ts';
import { agrees, type Derived, type DerivedRecord } from './check-derived.ts';
import type { ApiObject, Expected } from './replica.ts';

/** Messages without their content that are fetched at once. */
const FETCHED = 5000;
/** Last messages that are asked for at once; the server refuses more than 1,024. */
const ASKED = 200;
/** Nanoseconds that a consumer outlives a reader that is busy with what it has. */
const PATIENCE = 600e9;
/** Differences that are named. */
export const NAMED = 5;

/** What is in the stream, message by message. */
export interface StoredMessage {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  /** When the server stored it, in milliseconds of Unix time. */
  readonly storedAt: number;
}

/** `k8s.<cluster>.<group>.<resource>.<namespace>.<name>` to `<resource>/<namespace>/<name>`. */
function keyOfSubject(subject: string): string {
  const [, , , resource, namespace, name] = subject.split('.').map(decodeURIComponent);
  return `${resource}/${namespace}/${name}`;
}

/** The same the other way round; the group is not in a key. */
function subjectOf(key: string): string {
  const [resource, namespace, name] = key.split('/').map(escapeToken) as [string, string, string];
  return `k8s.*.*.${resource}.${namespace === '%5F' ? '_' : namespace}.${name}`;
}

/** Ids and subjects of all messages, in the order of the stream. */
export async function* storedMessages(url: string, stream: string): AsyncGenerator<StoredMessage> {
  const connection = await connect({ servers: url });
  try {
    for await (const m of messagesOf(connection, stream))
      yield {
        id: m.headers?.get('Nats-Msg-Id') ?? '',
        key: keyOfSubject(m.subject),
        sequence: m.seq,
        storedAt: Number(m.timestampNanos) / 1e6,
      };
  } finally {
    await connection.close();
  }
}

/**
 * Compares every message with what must have arrived: each id exactly once, and those of one object in the order in which
 * the API server made them. @returns what is wrong, in words
 */
export async function checkIds(
  expected: Iterable<Expected>,
  messages: AsyncIterable<StoredMessage>,
): Promise<string[]> {
  const order = new Map<string, number>();
  for (const { id } of expected) order.set(id, order.size);
  const total = order.size;
  const last = new Map<string, number>();
  const seen = new Uint8Array(total);
  const unexpected: string[] = [];
  const twice: string[] = [];
  const misplaced: string[] = [];
  let stored = 0;
  for await (const { id, key } of messages) {
    stored++;
    const place = order.get(id);
    if (place === undefined) {
      unexpected.push(`${key} ${id}`);
      continue;
    }
    if (seen[place] === 1) twice.push(id);
    seen[place] = 1;
    if (place < (last.get(key) ?? -1)) misplaced.push(id);
    last.set(key, place);
  }
  const missing = [...order.keys()].filter((_, i) => seen[i] === 0);
  return [
    ...(stored === total ? [] : [`${stored} messages are stored, and ${total} had to be`]),
    ...named('unexpected', unexpected),
    ...named('missing', missing),
    ...named('stored twice', twice),
    ...named('out of order', misplaced),
  ];
}

/** Compares the last message of each object with the object, and with what the rules make of it. */
export async function checkContent(
  url: string,
  stream: string,
  objects: Iterable<readonly [key: string, object: ApiObject]>,
  derived: Derived = {},
): Promise<string[]> {
  const expected = new Map(objects);
  const keys = [...expected.keys()];
  const different: string[] = [];
  const connection = await connect({ servers: url });
  try {
    const { direct } = await jetstreamManager(connection);
    for (let i = 0; i < keys.length; i += ASKED) {
      const subjects = keys.slice(i, i + ASKED).map(subjectOf);
      for await (const m of await direct.getLastMessagesFor(stream, { multi_last: subjects })) {
        const key = keyOfSubject(m.subject);
        const object = expected.get(key);
        expected.delete(key);
        const record = m.json<DerivedRecord & { object?: unknown }>();
        if (object === undefined || !isDeepStrictEqual(record.object, object) || !agrees(record, object, derived))
          different.push(key);
      }
    }
  } finally {
    await connection.close();
  }
  if (keys.length === 0) return ['no object was compared'];
  return [...named('with another content', different), ...named('without a message', [...expected.keys()])];
}

export function named(what: string, found: readonly string[]): string[] {
  if (found.length === 0) return [];
  return [`${found.length} ${what}: ${found.slice(0, NAMED).join(', ')}${found.length > NAMED ? ', …' : ''}`];
}

async function* messagesOf(connection: NatsConnection, stream: string) {
  const manager = await jetstreamManager(connection);
  const made = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    mem_storage: true,
    headers_only: true,
    inactive_threshold: PATIENCE,
  });
  const consumer = await jetstream(connection).consumers.get(stream, made.name);
  for (let left = made.num_pending; left > 0; ) {
    const before = left;
    for await (const m of await consumer.fetch({ max_messages: Math.min(FETCHED, left), expires: 30_000 })) {
      left--;
      yield m;
    }
    if (left === before) throw new Error(`reading the stream ${stream}: ${left} messages did not come`);
  }
}
