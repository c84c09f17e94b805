import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { LaneRecord } from '../model/lane.ts';
import { byResource, watchProxyEvent } from '../model/watch-proxy.ts';
import type { AwsSettings } from './aws-options.ts';
import { objectKey } from './object-key.ts';
import type { OpenBatch } from './record-queue.ts';

export interface Attribute {
  readonly DataType: 'String';
  readonly StringValue: string;
}

/** A message of SQS or SNS. */
export interface AwsMessage {
  /** Records of one key are sent one after another. */
  readonly key: string;
  readonly text: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Of a FIFO target. */
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** What counts against the limits: body, and names, types and values of attributes. */
  readonly bytes: number;
}

export type MessageSource = LaneRecord & { readonly batch: Pick<OpenBatch, 'resource'> };

export interface MessageForm extends Pick<AwsSettings, 'encoding' | 'clusterId' | 'group'> {
  readonly cluster: string;
  readonly fifo: boolean;
  readonly watchProxy?: {
    readonly clusterName?: string | undefined;
    readonly assetIds: Readonly<Record<string, string>>;
  };
}

const TYPES: Readonly<Record<AwsSettings['encoding'], string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/protobuf',
  cloudevents: 'application/cloudevents+json; charset=UTF-8',
  kollect: '',
  'watch-proxy': '',
};
const JSON_ENCODINGS: ReadonlySet<string> = new Set(['json', 'cloudevents', 'watch-proxy']);
/** What a body may not hold: all but #x9, #xA, #xD and #x20 to #xFFFD of the first plane (SendMessage of the SQS API). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNFIT = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const NOT_XML = /[\ufffe\uffff]/g;
/** Of message groups and deduplication ids. */
const FIT_ID = /^[\x21-\x7e]{1,128}$/;

/** Makes messages of records. Pure. */
export function messageMaker(form: MessageForm): (record: MessageSource) => AwsMessage {
  const { encoding, fifo, group, cluster } = form;
  const keyCluster = form.clusterId ?? cluster;
  const attributesOf = attributeMaker(form);
  return (record) => {
    const { text, base64 } = bodyOf(record.payload, JSON_ENCODINGS.has(encoding));
    const attributes = attributesOf(record);
    if (base64) attributes.base64encoded = string('true');
    const bytes = Buffer.byteLength(text) + attributeBytes(attributes);
    const message = { key: record.key, text, attributes, bytes };
    if (!fifo) return message;
    return { ...message, groupId: fitId(objectKey(group, keyCluster, record)), deduplicationId: fitId(record.id) };
  };
}

/**
 * Text as it is, else base64, of which an attribute `base64encoded` tells, as gocloud.dev has it for its messages on SQS and
 * SNS. What these take for text is less than UTF-8; in JSON the difference can be written as escapes.
 */
function bodyOf(payload: Uint8Array<ArrayBuffer>, json: boolean): { readonly text: string; readonly base64: boolean } {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (isUtf8(bytes)) {
    let text = bytes.toString();
    if (json) text = text.replace(NOT_XML, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
    if (!UNFIT.test(text)) return { text, base64: false };
  }
  return { text: bytes.toString('base64'), base64: true };
}

function attributeMaker({
  encoding,
  cluster,
  watchProxy,
}: MessageForm): (record: MessageSource) => Record<string, Attribute> {
  switch (encoding) {
    case 'kollect':
      return () => ({});
    case 'watch-proxy':
      return ({ operation, batch: { resource } }) => {
        const assetId = byResource(watchProxy?.assetIds ?? {}, resource);
        return attributes({
          ObjectType: resource.resource,
          AssetId: assetId,
          Cluster: watchProxy?.clusterName ?? cluster,
          Event: watchProxyEvent(operation),
        });
      };
    default:
      return ({ id, key, operation }) => {
        const [resource, namespace] = key.split('/');
        return attributes({
          'content-type': TYPES[encoding],
          'watershard-id': id,
          'watershard-operation': operation,
          'watershard-cluster': cluster,
          // Filters of subscriptions to a topic go by attributes.
          'watershard-resource': resource,
          'watershard-namespace': namespace,
        });
      };
  }
}

/** An attribute may not be empty, and one whose value cannot be sent must not hold its message up. */
function attributes(values: Readonly<Record<string, string | undefined>>): Record<string, Attribute> {
  const made: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') made[name] = string(UNFIT.test(value) ? encodeURIComponent(value) : value);
  return made;
}

function string(value: string): Attribute {
  return { DataType: 'String', StringValue: value };
}

function attributeBytes(attributes: Readonly<Record<string, Attribute>>): number {
  let bytes = 0;
  for (const [name, { DataType, StringValue }] of Object.entries(attributes))
    bytes += name.length + DataType.length + Buffer.byteLength(StringValue);
  return bytes;
}

/** As it is where it can be, else a hash of it. */
function fitId(text: string): string {
  return FIT_ID.test(text) ? text : createHash('sha256').update(text).digest('hex');
}
