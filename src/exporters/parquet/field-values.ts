import { fieldsToJson } from '../../model/field-json.ts';
import type { FieldType } from '../../model/field-type.ts';
import type { FieldValue } from '../../model/record.ts';

/** Returned for a value that its column cannot hold. */
export const MISFIT: unique symbol = Symbol('misfit');
type Misfit = typeof MISFIT;

/** What a column of each type is filled with. */
export type ColumnValue = null | boolean | number | bigint | string | ColumnValue[];

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The type that holds all of these values: that of the first value that shows one, widened from int to double, and to
 * json where the values differ more. Undefined where no value shows a type (null, an empty list).
 */
export function inferType(values: Iterable<FieldValue>): FieldType | undefined {
  let type: FieldType | undefined;
  for (const value of values) {
    const next = typeOf(value);
    if (next !== undefined) type = type === undefined ? next : wider(type, next);
    if (type === 'json') return type;
  }
  return type;
}

function typeOf(value: FieldValue): FieldType | undefined {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return undefined;
      return Array.isArray(value) ? listTypeOf(value) : 'json';
  }
}

function listTypeOf(list: readonly FieldValue[]): FieldType | undefined {
  const element = inferType(list);
  if (element === undefined) return undefined;
  return element === 'string' || element === 'int' || element === 'double' || element === 'bool'
    ? `list<${element}>`
    : 'json';
}

function wider(a: FieldType, b: FieldType): FieldType {
  if (a === b) return a;
  const pair = `${a} ${b}`;
  if (pair === 'int double' || pair === 'double int') return 'double';
  if (pair === 'list<int> list<double>' || pair === 'list<double> list<int>') return 'list<double>';
  return 'json';
}

/** Null stays null; in a list, an element that does not fit makes the whole value a misfit. */
export function toColumn(type: FieldType, value: FieldValue | undefined): ColumnValue | Misfit {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : json(value);
    case 'json':
      return json(value);
    case 'int':
      return toInt(value);
    case 'double':
      if (typeof value === 'bigint') return Number(value);
      return typeof value === 'number' ? value : MISFIT;
    case 'bool':
      return typeof value === 'boolean' ? value : MISFIT;
    case 'timestamp':
      return typeof value === 'string' ? parseTimestamp(value) : MISFIT;
    default:
      return toList(type, value);
  }
}

function toInt(value: FieldValue): bigint | Misfit {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : MISFIT;
  return typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX ? value : MISFIT;
}

function toList(type: FieldType, value: FieldValue): ColumnValue[] | Misfit {
  if (!Array.isArray(value)) return MISFIT;
  const element = type.slice('list<'.length, -1) as FieldType;
  const list: ColumnValue[] = [];
  for (const item of value) {
    const converted = toColumn(element, item);
    if (converted === MISFIT) return MISFIT;
    list.push(converted);
  }
  return list;
}

function json(value: FieldValue): string {
  // A map of one entry is written, so that a bare value gets the same number forms as one in a map.
  return fieldsToJson({ v: value }).slice('{"v":'.length, -1);
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** Unix microseconds of an RFC 3339 time; digits beyond the microsecond are cut. */
function parseTimestamp(text: string): bigint | Misfit {
  const found = RFC_3339.exec(text);
  if (found === null) return MISFIT;
  const [, day, time, fraction = '', zone = 'Z'] = found;
  const millis = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(millis) ? MISFIT : BigInt(millis) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}
