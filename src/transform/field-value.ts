import { Optional } from '@marcbachmann/cel-js';
import type { FieldValue } from '../model/record.ts';
import type { FieldType } from './plan.ts';
import { Quantity } from './quantity.ts';

const MAX_DEPTH = 64;
/** Characters of the texts of one field, with some for each value. A list can name a large part of its object in every item. */
const MAX_SIZE = 16 * 2 ** 20;
const VALUE_SIZE = 8;
const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** What one field may still hold. */
interface Room {
  left: number;
}

/**
 * What an expression gave as a field's value: integers as bigint, timestamps as RFC 3339, durations as `1.5s`, bytes as
 * base64, quantities as double, an empty optional as null.
 * @throws Error where it cannot be written as JSON, or is larger than a field may be
 */
export function toFieldValue(value: unknown): FieldValue {
  return convert(value, 0, { left: MAX_SIZE });
}

function convert(value: unknown, depth: number, room: Room): FieldValue {
  room.left -= VALUE_SIZE;
  if (typeof value === 'string') room.left -= value.length;
  if (room.left < 0) throw new Error(`the result is larger than ${MAX_SIZE} characters`);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return int64(value);
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') throw new Error(`the result is a ${typeof value}`);
  if (depth >= MAX_DEPTH) throw new Error(`the result is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return value.map((item) => convert(item, depth + 1, room));
  return fromObject(value, depth, room);
}

function fromObject(value: object, depth: number, room: Room): FieldValue {
  if (value instanceof Optional) return value.hasValue() ? convert(value.value(), depth + 1, room) : null;
  if (value instanceof Date) return timestamp(value);
  if (value instanceof Uint8Array)
    return convert(Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'), depth, room);
  if (value instanceof Quantity) return value.toDouble();
  if (value instanceof Set) return [...value].map((item) => convert(item, depth + 1, room));
  if (value instanceof Map) return fromEntries(value.entries(), depth, room);
  if (isDuration(value)) return duration(value);
  if (isUnsigned(value)) return int64(value.value);
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype === Object.prototype || prototype === null) return fromEntries(Object.entries(value), depth, room);
  if ('name' in value && typeof value.name === 'string') return value.name;
  throw new Error('the result has no form in JSON');
}

function fromEntries(entries: Iterable<[unknown, unknown]>, depth: number, room: Room): FieldValue {
  const map: { [key: string]: FieldValue } = {};
  for (const [key, item] of entries) {
    room.left -= String(key).length;
    // Set as a property of its own, whatever it is called; an assignment to __proto__ would not be.
    const converted = convert(item, depth + 1, room);
    if (key === '__proto__')
      Object.defineProperty(map, key, { value: converted, enumerable: true, configurable: true, writable: true });
    else map[String(key)] = converted;
  }
  return map;
}

function int64(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) throw new Error('the result does not fit an integer of 64 bits');
  return value;
}

function timestamp(value: Date): string {
  if (Number.isNaN(value.getTime())) throw new Error('the result is no valid timestamp');
  return value.toISOString().replace('.000Z', 'Z');
}

interface DurationLike {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** The library does not export its classes for durations and unsigned integers. */
function isDuration(value: object): value is DurationLike {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'google.protobuf.Duration';
}

function isUnsigned(value: object): value is { readonly value: bigint } {
  return 'verify' in value && 'value' in value && typeof value.value === 'bigint';
}

function duration(value: DurationLike): string {
  const nanos = value.seconds * 1_000_000_000n + BigInt(value.nanos);
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}

/**
 * The value as the type that was declared: an integer is taken for a double, and anything for `json`; nothing else is
 * converted. Null stays null.
 * @throws Error where it is of another type
 */
export function coerce(value: FieldValue, type: FieldType, declared = type): FieldValue {
  if (value === null || type === 'json') return value;
  if (type.startsWith('list<')) {
    if (!Array.isArray(value)) throw mismatch(value, declared);
    const element = type.slice(5, -1) as FieldType;
    return value.map((item) => {
      if (item === null) throw mismatch(item, declared);
      return coerce(item, element, declared);
    });
  }
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'int':
      if (typeof value === 'bigint') return value;
      break;
    case 'double':
      if (typeof value === 'number') return value;
      if (typeof value === 'bigint') return Number(value);
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'timestamp':
      if (typeof value === 'string' && RFC3339.test(value) && !Number.isNaN(Date.parse(value))) return value;
      break;
    default:
  }
  throw mismatch(value, declared);
}

/** Says the types only: a value may be what should not stand in a log. */
function mismatch(value: FieldValue, type: FieldType): Error {
  const names: Readonly<Record<string, string>> = {
    bigint: 'an int',
    number: 'a double',
    boolean: 'a bool',
    string: 'a string',
  };
  const actual = names[typeof value] ?? (value === null ? 'null' : Array.isArray(value) ? 'a list' : 'a map');
  const verb = type.startsWith('list<') && !Array.isArray(value) ? 'is or holds' : 'is';
  return new Error(`the result ${verb} ${actual} and cannot be taken for ${type}`);
}
