import type { LaneRecord } from '../../model/lane.ts';
import type { KafkaConfig } from './config.ts';

const UNFIT = /[^\w.-]/;
const ESCAPE = /%[0-9A-F]{2}/g;
const MAX_TOPIC = 249;

/** The topic that a routing key (transform/subject.ts) stands for: its escapes undone, and what no topic has as underscores. */
export function topicOf(subject: string): string {
  if (!UNFIT.test(subject)) return subject;
  const plain = subject.replace(ESCAPE, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  return plain.replace(/[^\w.-]/g, '_');
}

/** Why there can be no such topic, or undefined. */
export function topicFault(topic: string): string | undefined {
  if (topic.length > MAX_TOPIC) return `its topic has ${topic.length} characters, more than ${MAX_TOPIC}`;
  return topic === '' || topic === '.' || topic === '..' ? `'${topic}' is no topic` : undefined;
}

const TYPES: Readonly<Record<KafkaConfig['encoding'], string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/protobuf',
  cloudevents: 'application/cloudevents+json; charset=UTF-8',
  kollect: '',
};

/** Headers of a message; kollect has none. */
export function messageHeaders(
  encoding: KafkaConfig['encoding'],
  cluster: string,
): (record: Pick<LaneRecord, 'id' | 'operation'>) => Map<Buffer, Buffer> | undefined {
  if (encoding === 'kollect') return () => undefined;
  const [id, operation, clusterName, type] = [
    'watershard-id',
    'watershard-operation',
    'watershard-cluster',
    'content-type',
  ].map((name) => Buffer.from(name)) as [Buffer, Buffer, Buffer, Buffer];
  const clusterValue = Buffer.from(cluster);
  const typeValue = Buffer.from(TYPES[encoding]);
  return (record) =>
    new Map([
      [type, typeValue],
      [id, Buffer.from(record.id)],
      [operation, Buffer.from(record.operation)],
      [clusterName, clusterValue],
    ]);
}
