import type { ByteWriter } from './byte-writer.ts';
import { readFields, writeFields } from './field-bytes.ts';
import { IDENTITY_SLOT, type PlainTexts } from './identity-slots.ts';
import type { ChangeRecord, DetectedBy, FieldValue, Operation } from './record.ts';
import { DETECTED_BY, OPERATIONS } from './record.ts';
import { COMPOSED_AT, Stencil, stencilMemory } from './stencil.ts';

/**
 * One record on its way to a table writer in another thread, the payload of the encoding `rows`:
 *
 *     u8 operation | u8 detectedBy | f64 observedAt | 9 × i32 length | the parts, behind one another
 *
 * Little-endian. `operation` and `detectedBy` are indexes into OPERATIONS and DETECTED_BY, `observedAt` is Unix time in
 * microseconds (exact until the year 2255). The parts are id, namespace, name, uid, resourceVersion (UTF-8), then
 * labels, fields (field-bytes.ts), object and patch (JSON text); a length of -1 means that the part is absent. What is the
 * same for a whole stream (cluster, group, kind …) is not in here.
 */
const LENGTHS = 10;
const PARTS = 9;
const HEAD = LENGTHS + PARTS * 4;

/** The parts of a row, in their order. */
export const PART = {
  id: 0,
  namespace: 1,
  name: 2,
  uid: 3,
  resourceVersion: 4,
  labels: 5,
  fields: 6,
  object: 7,
  patch: 8,
} as const;

/** Writes a row behind what is there. @param withObject false leaves the object out */
export function packRow(record: ChangeRecord, out: ByteWriter, withObject = true): void {
  const writeObject = withObject ? record.writeObject : undefined;
  const object = withObject && writeObject === undefined ? record.object : undefined;
  const lengths = out.length + LENGTHS;
  out.byte(OPERATIONS.indexOf(record.operation));
  out.byte(DETECTED_BY.indexOf(record.detectedBy));
  out.float64(record.observedAt);
  for (let i = 0; i < 5; i++) out.int32(0);
  out.int32(record.labels?.length ?? -1);
  out.int32(-1);
  out.int32(object?.length ?? -1);
  out.int32(record.patch?.length ?? -1);
  if (record.plain !== undefined) packPlain(record.plain, record.operation === 'DELETED', out, lengths);
  else {
    out.int32At(out.text(record.id), lengths);
    out.int32At(out.text(record.namespace), lengths + 4);
    out.int32At(out.text(record.name), lengths + 8);
    out.int32At(out.text(record.uid), lengths + 12);
    out.int32At(out.text(record.resourceVersion), lengths + 16);
  }
  if (record.labels !== undefined) out.bytes(record.labels);
  if (record.fieldsRow !== undefined) {
    out.int32At(record.fieldsRow.length, lengths + PART.fields * 4);
    out.bytes(record.fieldsRow);
  } else if (record.fields !== undefined) {
    const start = out.length;
    writeFields(record.fields, out);
    out.int32At(out.length - start, lengths + PART.fields * 4);
  }
  if (object !== undefined) out.bytes(object);
  if (writeObject !== undefined) {
    const start = out.length;
    writeObject(out);
    out.int32At(out.length - start, lengths + PART.object * 4);
  }
  if (record.patch !== undefined) out.bytes(record.patch);
}

const DELETED = 'deleted';
/** Id, namespace, name, uid and resourceVersion, as they stand in the slots. */
const plainRow = (id: string): Stencil =>
  Stencil.cut(`${id}snuv`, [
    [IDENTITY_SLOT.uid, 'u'],
    [IDENTITY_SLOT.resourceVersion, 'v'],
    [IDENTITY_SLOT.namespace, 's'],
    [IDENTITY_SLOT.name, 'n'],
  ]) as Stencil;
const OF_DELETE = plainRow(`u:${DELETED}`);
const OF_OTHER = plainRow('u:v');

function packPlain(plain: PlainTexts, isDelete: boolean, out: ByteWriter, lengths: number): void {
  const { namespaceLength, nameLength, uidLength, versionLength } = plain;
  out.int32At(uidLength + 1 + (isDelete ? DELETED.length : versionLength), lengths);
  out.int32At(namespaceLength, lengths + 4);
  out.int32At(nameLength, lengths + 8);
  out.int32At(uidLength, lengths + 12);
  out.int32At(versionLength, lengths + 16);
  out.slice(stencilMemory, COMPOSED_AT, COMPOSED_AT + (isDelete ? OF_DELETE : OF_OTHER).compose(0));
}

/** A packed row, read. Byte parts are views into its buffer. */
export interface Row {
  readonly operation: Operation;
  readonly detectedBy: DetectedBy;
  /** Unix time, microseconds. */
  readonly observedAt: number;
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** JSON text of metadata.labels. */
  readonly labels: Buffer | undefined;
  readonly fields: Readonly<Record<string, FieldValue>> | undefined;
  readonly object: Buffer | undefined;
  readonly patch: Buffer | undefined;
}

/** Where the parts of a row lie. Used again for row after row, so that none costs an object. */
export class RowSlices {
  bytes: Buffer = Buffer.alloc(0);
  operation = 0;
  detectedBy = 0;
  /** Unix time, microseconds. */
  observedAt = 0;
  readonly #starts = new Float64Array(PARTS);
  readonly #ends = new Float64Array(PARTS);

  /** @throws RangeError where the bytes are shorter than their lengths say, or name no operation */
  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    let at = start + HEAD;
    if (at > end) throw tooShort(end - start, HEAD);
    for (let part = 0; part < PARTS; part++) {
      const length = bytes.readInt32LE(start + LENGTHS + part * 4);
      this.#starts[part] = length < 0 ? -1 : at;
      if (length > 0) at += length;
      this.#ends[part] = at;
    }
    if (at > end) throw tooShort(end - start, at - start);
    this.operation = bytes[start] as number;
    this.detectedBy = bytes[start + 1] as number;
    this.observedAt = bytes.readDoubleLE(start + 2);
    if (this.operation >= OPERATIONS.length || this.detectedBy >= DETECTED_BY.length)
      throw new RangeError('a packed row has an operation or a way of detection that is none');
  }

  /** -1 where the part is absent. */
  start(part: number): number {
    return this.#starts[part] as number;
  }

  end(part: number): number {
    return this.#ends[part] as number;
  }
}

/** @throws RangeError, SyntaxError where the bytes are no row */
export function readRow(bytes: Uint8Array): Row {
  const slices = new RowSlices();
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  slices.set(b, 0, b.length);
  const part = (index: number): Buffer | undefined =>
    slices.start(index) < 0 ? undefined : b.subarray(slices.start(index), slices.end(index));
  const text = (index: number): string => part(index)?.toString('utf8') ?? '';
  const fields = part(PART.fields);
  return {
    operation: OPERATIONS[slices.operation] as Operation,
    detectedBy: DETECTED_BY[slices.detectedBy] as DetectedBy,
    observedAt: slices.observedAt,
    id: text(PART.id),
    namespace: text(PART.namespace),
    name: text(PART.name),
    uid: text(PART.uid),
    resourceVersion: text(PART.resourceVersion),
    labels: part(PART.labels),
    fields: fields && readFields(fields),
    object: part(PART.object),
    patch: part(PART.patch),
  };
}

function tooShort(length: number, said: number): RangeError {
  return new RangeError(`a packed row of ${length} bytes says that it has ${said}`);
}
