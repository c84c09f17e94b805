import type { ByteWriter } from './byte-writer.ts';
import { fieldsFromJson } from './field-json.ts';
import type { ChangeRecord, DetectedBy, FieldValue, Operation } from './record.ts';
import { DETECTED_BY, OPERATIONS } from './record.ts';

/**
 * One record on its way to a table writer in another thread, the payload of the encoding `rows`:
 *
 *     u8 operation | u8 detectedBy | f64 observedAt | 9 × i32 length | the parts, behind one another
 *
 * Little-endian. `operation` and `detectedBy` are indexes into OPERATIONS and DETECTED_BY, `observedAt` is Unix time in
 * microseconds (exact until the year 2255). The parts are id, namespace, name, uid, resourceVersion (UTF-8), then
 * labels, fields, object and patch (JSON text); a length of -1 means that the part is absent. What is the same for a
 * whole stream (cluster, group, kind …) is not in here. `fields` is in the typed form of field-json.ts.
 */
const LENGTHS = 10;
const HEAD = LENGTHS + 9 * 4;

export function packRow(record: ChangeRecord, fieldsJson: Uint8Array | undefined, out: ByteWriter): Uint8Array {
  out.reset();
  out.byte(OPERATIONS.indexOf(record.operation));
  out.byte(DETECTED_BY.indexOf(record.detectedBy));
  out.float64(record.observedAt);
  for (let i = 0; i < 5; i++) out.int32(0);
  out.int32(record.labels?.length ?? -1);
  out.int32(fieldsJson?.length ?? -1);
  out.int32(record.object?.length ?? -1);
  out.int32(record.patch?.length ?? -1);
  out.int32At(out.text(record.id), LENGTHS);
  out.int32At(out.text(record.namespace), LENGTHS + 4);
  out.int32At(out.text(record.name), LENGTHS + 8);
  out.int32At(out.text(record.uid), LENGTHS + 12);
  out.int32At(out.text(record.resourceVersion), LENGTHS + 16);
  if (record.labels !== undefined) out.bytes(record.labels);
  if (fieldsJson !== undefined) out.bytes(fieldsJson);
  if (record.object !== undefined) out.bytes(record.object);
  if (record.patch !== undefined) out.bytes(record.patch);
  return out.view();
}

/** A packed row. Each access decodes anew: read a part once. Byte parts are views into the row's buffer. */
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
  /** JSON text in the typed form of field-json.ts; `rowFields` reads it. */
  readonly fieldsJson: Buffer | undefined;
  readonly object: Buffer | undefined;
  readonly patch: Buffer | undefined;
}

/** @throws RangeError where the bytes are shorter than their lengths say, or name no operation */
export function readRow(bytes: Uint8Array): Row {
  return new PackedRow(bytes);
}

/** The extracted fields with their types: integers are bigint. Empty where there are none. */
export function rowFields(row: Row): Record<string, FieldValue> {
  const json = row.fieldsJson;
  return json === undefined ? {} : fieldsFromJson(json);
}

class PackedRow implements Row {
  readonly #bytes: Buffer;
  readonly #ends: Int32Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#ends = new Int32Array(9);
    let end = HEAD;
    for (let i = 0; i < 9; i++) {
      end += Math.max(0, this.#bytes.readInt32LE(LENGTHS + i * 4));
      this.#ends[i] = end;
    }
    if (this.operation === undefined || this.detectedBy === undefined)
      throw new RangeError('a packed row has an operation or a way of detection that is none');
    if (end > bytes.length) throw new RangeError(`a packed row of ${bytes.length} bytes says that it has ${end}`);
  }

  get operation(): Operation {
    return OPERATIONS[this.#bytes[0] as number] as Operation;
  }

  get detectedBy(): DetectedBy {
    return DETECTED_BY[this.#bytes[1] as number] as DetectedBy;
  }

  get observedAt(): number {
    return this.#bytes.readDoubleLE(2);
  }

  get id(): string {
    return this.#text(0);
  }

  get namespace(): string {
    return this.#text(1);
  }

  get name(): string {
    return this.#text(2);
  }

  get uid(): string {
    return this.#text(3);
  }

  get resourceVersion(): string {
    return this.#text(4);
  }

  get labels(): Buffer | undefined {
    return this.#part(5);
  }

  get fieldsJson(): Buffer | undefined {
    return this.#part(6);
  }

  get object(): Buffer | undefined {
    return this.#part(7);
  }

  get patch(): Buffer | undefined {
    return this.#part(8);
  }

  #start(part: number): number {
    return part === 0 ? HEAD : (this.#ends[part - 1] as number);
  }

  #text(part: number): string {
    return this.#bytes.toString('utf8', this.#start(part), this.#ends[part]);
  }

  #part(part: number): Buffer | undefined {
    if (this.#bytes.readInt32LE(LENGTHS + part * 4) < 0) return undefined;
    return this.#bytes.subarray(this.#start(part), this.#ends[part]);
  }
}
