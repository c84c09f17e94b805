import type { Operation } from './record.ts';

/** What a stream gives to all of its events. */
export interface CloudEventSource {
  readonly cluster: string;
  /** The empty string for the core group. */
  readonly group: string;
  /** Plural, without the group. */
  readonly resource: string;
}

/** The part of a record that its attributes are made of; a lane record (model/lane.ts) is one. */
export interface CloudEventRecord {
  /** `<uid>:<resourceVersion>`, `<uid>:deleted`; with `:<generation>` behind it after a restored etcd. */
  readonly id: string;
  /** `<resource>/<namespace>/<name>` */
  readonly key: string;
  readonly operation: Operation;
}

/** Attributes of CloudEvents 1.0, with the extensions Partitioning and Sequence; what is undefined is left out. */
export interface CloudEventAttributes {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** `<namespace>/<name>`, `<name>` for a cluster-scoped object; a gap has none. */
  readonly subject: string | undefined;
  /** uid of the object; its key where it has none. */
  readonly partitionkey: string;
  /** resourceVersion with zeros in front to 20 digits, so that text order is its order; a delete or a gap has none. */
  readonly sequence: string | undefined;
}

const DECIMAL = /^[0-9]+$/;
/** Digits of the largest unsigned integer of 64 bits. */
const SEQUENCE_DIGITS = 20;

/** `/clusters/<cluster>/<group or core>/<resource>`, each part percent-encoded. */
export function cloudEventSource(source: CloudEventSource): string {
  const parts = [source.cluster, source.group === '' ? 'core' : source.group, source.resource];
  return `/clusters/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
}

/** @param source what `cloudEventSource` gave, made once a stream */
export function cloudEventAttributes(source: string, record: CloudEventRecord): CloudEventAttributes {
  const isGap = record.operation === 'GAP';
  const { owner, version } = partsOf(record.id);
  const objectKey = record.key.slice(record.key.indexOf('/') + 1);
  const subject = objectKey.startsWith('/') ? objectKey.slice(1) : objectKey;
  return {
    id: record.id,
    source,
    type: `dev.watershard.resource.${record.operation.toLowerCase()}`,
    subject: isGap || subject === '' ? undefined : subject,
    partitionkey: isGap || owner === '' ? record.key : owner,
    sequence: isGap || !DECIMAL.test(version) ? undefined : version.padStart(SEQUENCE_DIGITS, '0'),
  };
}

/**
 * Headers of a message in binary mode, whose payload is the record in JSON: `ce-` attributes, percent-encoded as the
 * protocol bindings of CloudEvents 1.0 for HTTP and NATS ask, and the content type. `time` is in the payload only.
 */
export function cloudEventHeaders(source: string, record: CloudEventRecord): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'ce-specversion': '1.0' };
  for (const [name, value] of Object.entries(cloudEventAttributes(source, record))) {
    if (value !== undefined) headers[`ce-${name}`] = headerValue(value as string);
  }
  return headers;
}

const HEADER_UNSAFE = /[^\x21-\x7e]|["%]/gu;

function headerValue(value: string): string {
  return value.toWellFormed().replace(HEADER_UNSAFE, (character) => {
    if (character.charCodeAt(0) >= 0x80) return encodeURIComponent(character);
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** A resourceVersion has no colon; a uid has none either, but the key that stands for one may. */
function partsOf(id: string): { readonly owner: string; readonly version: string } {
  const [, uid, versionOfUid] = OF_UID.exec(id) ?? [];
  if (uid !== undefined && versionOfUid !== undefined) return { owner: uid, version: versionOfUid };
  const colon = id.lastIndexOf(':');
  return { owner: id.slice(0, Math.max(colon, 0)), version: id.slice(colon + 1) };
}

const OF_UID = /^([^:/]+):([^:]+)(?::[0-9]+)?$/;
