import { createHash } from 'node:crypto';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { kollect } from './gen/kollect.js';
import { parseGoJson, writeGoJson } from './go-json.ts';

const events = kollect.resource.event.v1;
const TYPE_URL = 'type.googleapis.com/kollect.resource.event.v1.';
const MICROS = 1_000_000;
/** Go's zero time, 0001-01-01T00:00:00Z: kollect's word for a creationTimestamp that is not there. */
const ZERO_TIME: Time = { seconds: -62_135_596_800, nanos: 0 };
const NOTHING = new Uint8Array(0);

/** google.protobuf.Timestamp */
export interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

export type KollectPayload =
  | { readonly type: 'created'; readonly uid: string; readonly resource: string }
  | { readonly type: 'updated'; readonly uid: string; readonly before: string; readonly after: string }
  | { readonly type: 'deleted'; readonly uid: string };

/**
 * The record as kollect (github.com/davidsbond/kollect) writes it: proto/kollect. An update without the object before it is
 * told as created, as kollect does for what it sees first. A gap, for which kollect has no word, is an empty payload, which
 * exporters do not send.
 * @param clusterId kollect's `--cluster-id`; may be empty
 * @throws SyntaxError where the object is not JSON
 */
export function kollectEncoder(context: RecordContext, clusterId: string): (record: ChangeRecord) => Uint8Array {
  return (record) => {
    const { operation, uid, object, previous } = record;
    if (operation === 'GAP' || (object === undefined && operation !== 'DELETED')) return NOTHING;
    const observed = timeOf(record.observedAt);
    const now = object === undefined ? undefined : parseGoJson(object);
    const envelope = (appliesAt: Time, payload: KollectPayload): Uint8Array =>
      writeEnvelope(eventId(context.clusterUid, record.id), observed, appliesAt, clusterId, payload);
    if (operation === 'DELETED')
      return envelope(metadataTime(now, 'deletionTimestamp') ?? observed, { type: 'deleted', uid });
    if (operation === 'UPDATED' && previous !== undefined) {
      const before = writeGoJson(parseGoJson(previous));
      return envelope(observed, { type: 'updated', uid, before, after: writeGoJson(now) });
    }
    const created = metadataTime(now, 'creationTimestamp') ?? ZERO_TIME;
    return envelope(created, { type: 'created', uid, resource: writeGoJson(now) });
  };
}

export function writeEnvelope(
  id: string,
  timestamp: Time,
  appliesAt: Time,
  clusterId: string,
  payload: KollectPayload,
): Uint8Array {
  const { type, value } = packed(payload, clusterId);
  return kollect.event.v1.Envelope.encode({
    id,
    timestamp,
    appliesAt,
    payload: { type_url: TYPE_URL + type, value },
  }).finish();
}

function packed(payload: KollectPayload, clusterId: string): { type: string; value: Uint8Array } {
  const { uid } = payload;
  switch (payload.type) {
    case 'created': {
      const event = { uid, resource: Buffer.from(payload.resource), clusterId };
      return { type: 'ResourceCreatedEvent', value: events.ResourceCreatedEvent.encode(event).finish() };
    }
    case 'updated': {
      const { before, after } = payload;
      // biome-ignore lint/suspicious/noThenProperty: the name of kollect's field
      const event = { uid, then: Buffer.from(before), now: Buffer.from(after), clusterId };
      return { type: 'ResourceUpdatedEvent', value: events.ResourceUpdatedEvent.encode(event).finish() };
    }
    case 'deleted':
      return {
        type: 'ResourceDeletedEvent',
        value: events.ResourceDeletedEvent.encode({ uid, clusterId }).finish(),
      };
  }
}

/** @param micros Unix time, microseconds */
function timeOf(micros: number): Time {
  const seconds = Math.floor(micros / MICROS);
  return { seconds, nanos: (micros - seconds * MICROS) * 1000 };
}

/** undefined where there is none, or it cannot be read */
function metadataTime(object: unknown, name: 'creationTimestamp' | 'deletionTimestamp'): Time | undefined {
  const metadata = (object as { readonly metadata?: unknown } | null | undefined)?.metadata;
  const text = (metadata as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  const millis = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(millis) ? undefined : timeOf(millis * 1000);
}

/**
 * A UUID in the form of version 1, as kollect's are, but made of the record's id: the same event has the same id over
 * retries and restarts. There is no time in it to be read.
 */
function eventId(clusterUid: string, recordId: string): string {
  const digest = createHash('sha1').update(clusterUid).update('\n').update(recordId).digest();
  digest[6] = ((digest[6] as number) & 0x0f) | 0x10;
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80;
  digest[10] = (digest[10] as number) | 0x01; // a node that is no address of a network card (RFC 9562)
  const hex = digest.toString('hex', 0, 16);
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-');
}
