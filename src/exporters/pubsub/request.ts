import type { LaneRecord } from '../../model/lane.ts';
import { objectKey } from '../object-key.ts';
import type { PubsubConfig } from './config.ts';

/** What the service takes in one request. */
const MAX_REQUEST_BYTES = 10_000_000;
const MAX_REQUEST_MESSAGES = 1000;
const MAX_VALUE = 1024;

const UNFIT = /[^\w.~+-]/;
const ESCAPE = /%[0-9A-F]{2}/g;

export interface Message {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** The topic that a routing key (transform/subject.ts) stands for: its escapes undone, and what no topic has as underscores. */
export function topicOf(subject: string): string {
  if (!UNFIT.test(subject)) return subject;
  const plain = subject.replace(ESCAPE, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  return plain.replace(/[^\w.~+-]/g, '_');
}

/** Why there can be no such topic, or undefined. */
export function topicFault(topic: string): string | undefined {
  if (topic.length < 3 || topic.length > 255) return `its topic has ${topic.length} characters, not 3 to 255`;
  if (/^goog/i.test(topic)) return `its topic ${topic} begins with goog, which is the service's own`;
  return /^[A-Za-z]/.test(topic) ? undefined : `its topic ${topic} does not begin with a letter`;
}

const TYPES: Readonly<Record<PubsubConfig['encoding'], string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/protobuf',
  cloudevents: 'application/cloudevents+json; charset=UTF-8',
  kollect: '',
};

/** Makes a message of a record. Those of kollect have no attributes. */
export function messageMaker(
  { encoding, ordering, key }: Pick<PubsubConfig, 'encoding' | 'ordering' | 'key'>,
  names: { readonly cluster: string; readonly clusterId: string },
): (record: LaneRecord) => Message {
  return (record) => {
    const { buffer, byteOffset, byteLength } = record.payload;
    return {
      data: Buffer.from(buffer, byteOffset, byteLength),
      attributes: encoding === 'kollect' ? {} : attributesOf(record, TYPES[encoding], names.cluster),
      ...(ordering ? { orderingKey: objectKey(key, names.clusterId, record) } : {}),
    };
  };
}

/** By these a subscription can filter: attributes.watershard-resource = "pods". */
function attributesOf({ id, key, operation }: LaneRecord, type: string, cluster: string): Record<string, string> {
  const [resource = '', namespace = '', ...name] = key.split('/');
  return {
    'content-type': type,
    'watershard-id': id,
    'watershard-operation': operation,
    'watershard-cluster': cluster,
    'watershard-resource': resource,
    'watershard-namespace': namespace,
    'watershard-name': name.join('/'),
  };
}

/** Why the service would never take the message, or undefined. */
export function messageFault({ attributes, orderingKey = '' }: Message, size: number): string | undefined {
  for (const [name, value] of Object.entries({ ...attributes, 'ordering key': orderingKey })) {
    const bytes = Buffer.byteLength(value);
    if (bytes > MAX_VALUE) return `its ${name} has ${bytes} bytes, more than ${MAX_VALUE}`;
  }
  return size > MAX_REQUEST_BYTES ? `its message has ${size} bytes, more than ${MAX_REQUEST_BYTES}` : undefined;
}

/** Bytes that a message takes in a request, at most: what it holds, and a few for each length and tag of protobuf. */
export function messageSize({ data, attributes, orderingKey = '' }: Message, topic: string): number {
  let size = topic.length + 16 + data.length + 16 + Buffer.byteLength(orderingKey);
  for (const [name, value] of Object.entries(attributes)) size += name.length + Buffer.byteLength(value) + 10;
  return size;
}

/** Of so many messages in a row, how many go into one request, at least one. */
export function fitting(sizes: readonly number[]): number {
  let bytes = 0;
  let count = 0;
  for (const size of sizes) {
    bytes += size;
    if (count > 0 && (bytes > MAX_REQUEST_BYTES || count === MAX_REQUEST_MESSAGES)) break;
    count++;
  }
  return count;
}
