import { ExactNumber } from './diff.ts';
import { hasLongNumber, INTEGER, parseLong } from './digits.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * JSON as Go's encoding/json writes an object that was decoded into maps: keys in the order of their bytes, no white space,
 * `<`, `>`, `&` and the line separators of Unicode escaped, one line break behind it. Integers are exact up to 64 bits.
 * @throws SyntaxError where the value is not one that `parseGoJson` made
 */
export function writeGoJson(value: unknown): string {
  return `${written(value).replace(ESCAPED, escapeOf)}\n`;
}

/** @throws SyntaxError */
export function parseGoJson(bytes: Uint8Array): unknown {
  if (!hasLongNumber(bytes)) return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  return parseLong(bytes, (source, value) => {
    if (!INTEGER.test(source)) return value;
    const exact = BigInt(source);
    return exact > MAX_INT64 || exact < MIN_INT64 ? value : new ExactNumber(source);
  });
}

/** They can only stand in strings. */
const ESCAPED = /[<>&\u2028\u2029]/g;
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  return `{${sorted(Object.keys(members))
    .map((key) => `${JSON.stringify(key.toWellFormed())}:${written(members[key])}`)
    .join(',')}}`;
}

/** By UTF-16 units and by UTF-8 bytes is the same order where no character needs two units. */
function sorted(keys: string[]): string[] {
  return keys.some((key) => SURROGATE.test(key))
    ? keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : keys.sort();
}

const SURROGATE = /[\ud800-\udfff]/;
