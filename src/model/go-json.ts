/**
 * JSON as Go's encoding/json writes a map: keys sorted by their bytes, `<`, `>`, `&` and the line separators of Unicode
 * escaped, no white space. Numbers are written as JavaScript does, which Go follows; a bigint is written in full.
 */
export function goJson(value: unknown): string {
  if (typeof value === 'string') return goString(value);
  if (typeof value === 'bigint') return value.toString();
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  const members = value as Record<string, unknown>;
  const keys = Object.keys(members).filter((key) => members[key] !== undefined);
  return `{${sorted(keys)
    .map((key) => `${goString(key)}:${goJson(members[key])}`)
    .join(',')}}`;
}

const ESCAPED = /[<>&\u2028\u2029]/g;

function goString(text: string): string {
  const json = JSON.stringify(text.toWellFormed());
  return json.replace(ESCAPED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** In JavaScript's order, that of UTF-16, which is not that of the bytes where surrogates are. */
const SURROGATE = /[\ud800-\udfff]/;

function sorted(keys: string[]): string[] {
  return keys.some((key) => SURROGATE.test(key))
    ? keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : keys.sort();
}
