import assert from 'node:assert/strict';
import { kollect } from '../../src/transform/gen/kollect.js';

/** google.protobuf.Timestamp */
export interface KollectTime {
  readonly seconds: number;
  readonly nanos: number;
}

export interface KollectEvent {
  readonly id: string;
  readonly timestamp: KollectTime;
  readonly appliesAt: KollectTime;
  readonly type: 'ResourceCreatedEvent' | 'ResourceUpdatedEvent' | 'ResourceDeletedEvent';
  readonly uid: string;
  readonly clusterId: string;
  readonly resource?: string;
  readonly then?: string;
  readonly now?: string;
}

const TYPES = kollect.resource.event.v1;

/** Reads an envelope as kollect's own client does: by the name of the payload's type. */
export function readKollectEvent(bytes: Uint8Array): KollectEvent {
  const { id, timestamp, appliesAt, payload } = kollect.event.v1.Envelope.decode(bytes);
  const [prefix, type] = (payload?.type_url ?? '').split('/kollect.resource.event.v1.');
  assert.equal(prefix, 'type.googleapis.com');
  const event = TYPES[type as KollectEvent['type']].decode(payload?.value ?? new Uint8Array());
  const texts = Object.entries(event).map(([name, v]) => [name, v instanceof Uint8Array ? String(Buffer.from(v)) : v]);
  const time = (t: unknown): KollectTime => ({
    seconds: Number((t as KollectTime | undefined)?.seconds ?? 0),
    nanos: (t as KollectTime | undefined)?.nanos ?? 0,
  });
  const fields = { clusterId: '', ...Object.fromEntries(texts) };
  return { ...fields, id, timestamp: time(timestamp), appliesAt: time(appliesAt), type } as KollectEvent;
}
