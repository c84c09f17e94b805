import type { ByteWriter } from './byte-writer.ts';
import type { PlainTexts } from './identity-slots.ts';

/** What happened to the object. GAP says that deletes may have been missed (state was lost); it names no object. */
export const OPERATIONS = ['SNAPSHOT', 'CREATED', 'UPDATED', 'DELETED', 'GAP'] as const;
export type Operation = (typeof OPERATIONS)[number];

export const DETECTED_BY = ['WATCH', 'LIST', 'RELIST'] as const;
export type DetectedBy = (typeof DETECTED_BY)[number];

/** A value that a rule extracted. Integers are bigint; bytes, timestamps and durations have become strings. */
export type FieldValue = null | boolean | number | bigint | string | FieldValue[] | { [key: string]: FieldValue };

/** One change of one object before it is encoded. The contract with consumers: docs/record.md. */
export interface ChangeRecord {
  readonly id: string;
  readonly operation: Operation;
  readonly detectedBy: DetectedBy;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Unix time, microseconds. */
  readonly observedAt: number;
  /** JSON text of metadata.labels, or undefined. */
  readonly labels: Uint8Array | undefined;
  readonly fields: Readonly<Record<string, FieldValue>> | undefined;
  /** The same as JSON text (model/field-json.ts), in place of `fields`, where every encoder wants no more. */
  readonly fieldsJson?: Uint8Array | undefined;
  /** The same as a row has them (model/field-bytes.ts), in place of `fields`, where every encoder wants no more. */
  readonly fieldsRow?: Uint8Array | undefined;
  /** JSON text of the object after redaction and pruning; undefined where it is not known. */
  readonly object: Uint8Array | undefined;
  /** Writes `object` to where it has to be, where that spares a copy. */
  readonly writeObject?: ((out: ByteWriter) => void) | undefined;
  /** JSON text of the patch from the last delivered state. */
  readonly patch: Uint8Array | undefined;
  /** JSON text of the object as it was last delivered, for an encoding that carries it; undefined where it is not known. */
  readonly previous?: Uint8Array | undefined;
  /** Its identity in the slots of stencils (stencil.ts), valid as long as the record, where it is that plain. */
  readonly plain?: PlainTexts | undefined;
}

/** Everything that is the same for all records of a stream. */
export interface RecordContext {
  readonly cluster: string;
  readonly clusterUid: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
}

/** Unix microseconds as RFC 3339 in UTC with six decimals. */
export function formatMicros(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  return `${new Date(millis).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}
