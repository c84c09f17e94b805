import { skipColon, skipSpace, skipString, skipValue } from '../model/json-skip.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Takes the members of an object that differ, one after the other. */
export interface MemberSink {
  /** Of both objects, of which the values are not the same text. */
  member(key: string, beforeStart: number, beforeEnd: number, afterStart: number, afterEnd: number): void;
}

/**
 * Goes through two JSON objects side by side and tells the members that are not the same text. That is one pass over what
 * was and is there, where parsing both makes an object of everything that has not changed either.
 * @param before,after JSON texts, with the objects at `b` and `a`; nothing behind `bEnd` and `aEnd` is read
 * @returns false where they do not have the same members in the same order, or a key has escapes or stands twice: then
 *   they have to be parsed, and what was told is void
 */
export function differingMembers(
  before: Buffer,
  b: number,
  bEnd: number,
  after: Buffer,
  a: number,
  aEnd: number,
  sink: MemberSink,
): boolean {
  if (before[b] !== OPEN_BRACE || after[a] !== OPEN_BRACE) return false;
  b = skipSpace(before, b + 1, bEnd);
  a = skipSpace(after, a + 1, aEnd);
  if (after[a] === CLOSE_BRACE) return before[b] === CLOSE_BRACE;
  const told: string[] = [];
  for (;;) {
    const keyStart = a + 1;
    if (after[a] !== QUOTE) return false;
    const keyEnd = skipString(after, keyStart, aEnd);
    const keyLength = keyEnd - keyStart;
    if (keyEnd < 0 || !sameKey(before, b + 1, after, keyStart, keyLength)) return false;
    a = skipColon(after, keyEnd, aEnd);
    b = skipColon(before, b + 1 + keyLength, bEnd);
    if (a < 0 || b < 0) return false;
    const valueEnd = skipValue(after, a, aEnd);
    if (valueEnd < 0) return false;
    if (told.length > 0 && told.includes(after.toString('utf8', keyStart, keyEnd - 1))) return false;
    const length = valueEnd - a;
    if (sameText(before, b, after, a, length) && endsValue(before[b + length])) b += length;
    else {
      const bValueEnd = skipValue(before, b, bEnd);
      if (bValueEnd < 0) return false;
      const key = after.toString('utf8', keyStart, keyEnd - 1);
      told.push(key);
      sink.member(key, b, bValueEnd, a, valueEnd);
      b = bValueEnd;
    }
    a = skipSpace(after, valueEnd, aEnd);
    b = skipSpace(before, b, bEnd);
    const next = after[a];
    if (next !== before[b]) return false;
    if (next === CLOSE_BRACE) return true;
    if (next !== COMMA) return false;
    a = skipSpace(after, a + 1, aEnd);
    b = skipSpace(before, b + 1, bEnd);
  }
}

/** The same bytes up to the closing quote, and none of them a backslash. */
function sameKey(before: Buffer, b: number, after: Buffer, a: number, length: number): boolean {
  if (before[b - 1] !== QUOTE) return false;
  for (let i = 0; i < length; i++) {
    const c = after[a + i];
    if (c !== before[b + i] || c === BACKSLASH) return false;
  }
  return true;
}

function sameText(before: Buffer, b: number, after: Buffer, a: number, length: number): boolean {
  return b + length <= before.length && before.compare(after, a, a + length, b, b + length) === 0;
}

/** A number ends only where something else stands behind it; other values are told by their own end. */
function endsValue(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || (byte !== undefined && byte <= 0x20);
}
