import type { ByteWriter } from './byte-writer.ts';
import { fieldsFromJson, fieldsToJson } from './field-json.ts';
import type { FieldValue } from './record.ts';

/**
 * Extracted fields as bytes, for a reader that puts each value where it belongs without making one of it:
 *
 *     repeated: u32 length of the name | name | value
 *     value: u8 tag | what the tag says (little-endian)
 *
 * Texts are UTF-8 behind a u32 length; a list is u32 count | values. JSON holds maps, and integers above 64 bits, as
 * `{"v":…}` in the typed form of field-json.ts. NaN and the infinities are null.
 */
export const TAG = { null: 0, false: 1, true: 2, int: 3, double: 4, text: 5, list: 6, json: 7 } as const;

const INT64_MAX = 2n ** 63n - 1n;

export function writeFields(fields: Readonly<Record<string, FieldValue>>, out: ByteWriter): void {
  for (const name of Object.keys(fields)) {
    writeText(name, out);
    writeValue(fields[name] as FieldValue, out);
  }
}

function writeValue(value: FieldValue, out: ByteWriter): void {
  if (typeof value === 'string') {
    out.byte(TAG.text);
    writeText(value, out);
  } else if (typeof value === 'bigint' && value <= INT64_MAX && value >= -INT64_MAX - 1n) {
    out.byte(TAG.int);
    out.int64(value);
  } else if (typeof value === 'number' && Number.isFinite(value)) {
    out.byte(TAG.double);
    out.float64(value);
  } else if (typeof value === 'boolean') out.byte(value ? TAG.true : TAG.false);
  else if (value === null || typeof value === 'number') out.byte(TAG.null);
  else if (Array.isArray(value)) {
    out.byte(TAG.list);
    out.int32(value.length);
    for (const item of value) writeValue(item, out);
  } else {
    out.byte(TAG.json);
    writeText(fieldsToJson({ v: value }), out);
  }
}

function writeText(text: string, out: ByteWriter): void {
  const at = out.length;
  out.int32(0);
  out.int32At(out.text(text), at);
}

/** @returns where the text behind a length ends. @throws RangeError where that is not before `end` */
export function textEnd(b: Buffer, at: number, end: number): number {
  const textEnd = at + 4 <= end ? at + 4 + b.readUInt32LE(at) : end + 1;
  if (textEnd > end) throw cut();
  return textEnd;
}

/** @returns where the value ends. @throws RangeError where that is not before `end`, or it is no value */
export function valueEnd(b: Buffer, at: number, end: number): number {
  if (at >= end) throw cut();
  switch (b[at]) {
    case TAG.null:
    case TAG.false:
    case TAG.true:
      return at + 1;
    case TAG.int:
    case TAG.double:
      if (at + 9 > end) throw cut();
      return at + 9;
    case TAG.text:
    case TAG.json:
      return textEnd(b, at + 1, end);
    case TAG.list: {
      if (at + 5 > end) throw cut();
      let itemEnd = at + 5;
      for (let count = b.readUInt32LE(at + 1); count > 0; count--) itemEnd = valueEnd(b, itemEnd, end);
      return itemEnd;
    }
    default:
      throw new RangeError(`a field has a value of type ${b[at]}`);
  }
}

/** A value whose end is known. @throws SyntaxError where JSON in it is none */
export function readValue(b: Buffer, at: number): FieldValue {
  switch (b[at]) {
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.int:
      return b.readBigInt64LE(at + 1);
    case TAG.double:
      return b.readDoubleLE(at + 1);
    case TAG.text:
      return b.toString('utf8', at + 5, at + 5 + b.readUInt32LE(at + 1));
    case TAG.json:
      return fieldsFromJson(b.subarray(at + 5, at + 5 + b.readUInt32LE(at + 1))).v ?? null;
    case TAG.list: {
      const list: FieldValue[] = [];
      let item = at + 5;
      for (let count = b.readUInt32LE(at + 1); count > 0; count--) {
        list.push(readValue(b, item));
        item = valueEnd(b, item, b.length);
      }
      return list;
    }
    default:
      return null;
  }
}

/** @throws RangeError, SyntaxError where the bytes are no fields */
export function readFields(b: Buffer): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (let at = 0; at < b.length; ) {
    const nameEnd = textEnd(b, at, b.length);
    const name = b.toString('utf8', at + 4, nameEnd);
    at = valueEnd(b, nameEnd, b.length);
    const value = readValue(b, nameEnd);
    // An assignment to it would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
    else fields[name] = value;
  }
  return fields;
}

function cut(): RangeError {
  return new RangeError('the fields of a packed row end within a value');
}
