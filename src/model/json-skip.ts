import { addressOf, skipLoaded, skipLoadedTrusted } from './loaded-text.ts';

/**
 * Steps over JSON text (RFC 8259) in bytes and checks its grammar while doing so. Each function takes a position and the
 * end of what it may read, and returns the position behind what it has read, or -1 where that is not JSON.
 * That the bytes are UTF-8 is not checked here (`isUtf8` does a whole batch at once).
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Go's decoder, and so every API server, refuses deeper nesting than this. */
const MAX_DEPTH = 10_000;

/** What closes the containers around the one that is open; one scan at a time, so it may be shared. */
const stack = new Uint8Array(MAX_DEPTH);

const SIMPLE_ESCAPE = new Uint8Array(256);
for (const c of '"\\/bfnrt') SIMPLE_ESCAPE[c.charCodeAt(0)] = 1;

/** Bytes at which the plain run of a string ends: quote, backslash and control characters. */
const STRING_STOP = new Uint8Array(256).fill(1, 0, 0x20);
STRING_STOP[QUOTE] = 1;
STRING_STOP[BACKSLASH] = 1;

export function skipSpace(b: Uint8Array, p: number, end: number): number {
  while (p < end) {
    const c = b[p] as number;
    if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) break;
    p++;
  }
  return p;
}

/** @param p behind the opening quote */
export function skipString(b: Uint8Array, p: number, end: number): number {
  for (;;) {
    while (p < end && STRING_STOP[b[p] as number] === 0) p++;
    if (p >= end) return -1;
    const c = b[p] as number;
    if (c === QUOTE) return p + 1;
    if (c !== BACKSLASH) return -1;
    p = skipEscape(b, p + 1, end);
    if (p < 0) return -1;
  }
}

/** @param p behind the backslash */
export function skipEscape(b: Uint8Array, p: number, end: number): number {
  if (p >= end) return -1;
  const e = b[p] as number;
  if (SIMPLE_ESCAPE[e] === 1) return p + 1;
  if (e !== 0x75 || p + 5 > end) return -1;
  for (let i = p + 1; i < p + 5; i++) {
    const c = b[i] as number;
    if (!((c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66))) return -1;
  }
  return p + 5;
}

/**
 * Any value, without recursion. Half of the whole transform's time is spent here, so: strings are stepped over in place,
 * for values and for keys; white space and `end` are looked at only where the byte is none that compact JSON would have.
 * What runs past `end` is found out at the next white space or at the end of the value, as positions only grow, and
 * behind the buffer undefined equals nothing.
 * @param p at the value's first byte
 */
export function skipValue(b: Uint8Array, p: number, end: number): number {
  const address = addressOf(b);
  return address === 0 ? skipValueOf(b, p, end) : skipLoaded(address, p, end);
}

/** `skipValue` of text whose grammar was checked: of other text it may say anything. */
export function skipTrusted(b: Uint8Array, p: number, end: number): number {
  const address = addressOf(b);
  return address === 0 ? skipValueOf(b, p, end) : skipLoadedTrusted(address, p, end);
}

function skipValueOf(b: Uint8Array, p: number, end: number): number {
  const stop = STRING_STOP;
  const outer = stack;
  let depth = 0;
  /** What closes the container that is open. */
  let closer = 0;
  for (;;) {
    let c = b[p] as number;
    let key = false;
    if (c === QUOTE) {
      p++;
      while (stop[b[p] as number] === 0) p++;
      p = b[p] === QUOTE ? p + 1 : skipString(b, p, end);
      if (p < 0) return -1;
    } else if (c === OPEN_BRACE) {
      p++;
      if (b[p] !== QUOTE) {
        p = skipSpace(b, p, end);
        if (p >= end) return -1;
      }
      if (b[p] === CLOSE_BRACE) p++;
      else {
        if (depth === MAX_DEPTH) return -1;
        outer[depth++] = closer;
        closer = CLOSE_BRACE;
        key = true;
      }
    } else if (c === OPEN_BRACKET) {
      p++;
      if ((b[p] as number) <= 0x20) p = skipSpace(b, p, end);
      if (p >= end) return -1;
      if (b[p] === CLOSE_BRACKET) p++;
      else {
        if (depth === MAX_DEPTH) return -1;
        outer[depth++] = closer;
        closer = CLOSE_BRACKET;
        continue;
      }
    } else {
      p = skipScalar(b, p, end);
      if (p < 0) return -1;
    }
    while (!key) {
      if (depth === 0) return p <= end ? p : -1;
      c = b[p++] as number;
      if (c === COMMA) {
        if ((b[p] as number) <= 0x20) {
          p = skipSpace(b, p, end);
          if (p >= end) return -1;
        }
        key = closer === CLOSE_BRACE;
        break;
      }
      if (c === closer) closer = outer[--depth] as number;
      else {
        const next = skipSpace(b, p - 1, end);
        if (next < p || next >= end) return -1;
        p = next;
      }
    }
    if (!key) continue;
    if (b[p] !== QUOTE) return -1;
    p++;
    while (stop[b[p] as number] === 0) p++;
    p = b[p] === QUOTE ? p + 1 : skipString(b, p, end);
    if (p < 0) return -1;
    if (b[p] === COLON && (b[p + 1] as number) > 0x20) p++;
    else {
      p = skipColon(b, p, end);
      if (p < 0) return -1;
    }
  }
}

/** A colon and the white space around it. */
export function skipColon(b: Uint8Array, p: number, end: number): number {
  if (p < end && (b[p] as number) <= 0x20) p = skipSpace(b, p, end);
  if (p >= end || b[p] !== COLON) return -1;
  p++;
  return p < end && (b[p] as number) <= 0x20 ? skipSpace(b, p, end) : p;
}

/** A number, true, false or null. */
function skipScalar(b: Uint8Array, p: number, end: number): number {
  if (p >= end) return -1;
  const c = b[p] as number;
  if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return skipNumber(b, p, end);
  const word = c === 0x74 ? TRUE : c === 0x66 ? FALSE : c === 0x6e ? NULL : undefined;
  if (word === undefined || p + word.length > end) return -1;
  for (let i = 1; i < word.length; i++) if (b[p + i] !== word[i]) return -1;
  return p + word.length;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

function skipNumber(b: Uint8Array, p: number, end: number): number {
  if (b[p] === 0x2d) p++;
  if (p >= end) return -1;
  if (b[p] === 0x30) p++;
  else {
    p = skipDigits(b, p, end);
    if (p < 0) return -1;
  }
  if (p < end && b[p] === 0x2e) {
    p = skipDigits(b, p + 1, end);
    if (p < 0) return -1;
  }
  if (p < end && ((b[p] as number) | 0x20) === 0x65) {
    p++;
    if (p < end && (b[p] === 0x2b || b[p] === 0x2d)) p++;
    return skipDigits(b, p, end);
  }
  return p;
}

/** At least one digit. */
function skipDigits(b: Uint8Array, p: number, end: number): number {
  const start = p;
  while (p < end && (b[p] as number) >= 0x30 && (b[p] as number) <= 0x39) p++;
  return p === start ? -1 : p;
}

/** The text of a JSON string, or '' where the slice is none. @param start at the opening quote, @param end behind the closing one */
export function stringAt(b: Buffer, start: number, end: number): string {
  if (end - start < 2 || b[start] !== QUOTE) return '';
  for (let i = start + 1; i < end; i++)
    if (b[i] === BACKSLASH) return JSON.parse(b.toString('utf8', start, end)) as string;
  return b.toString('utf8', start + 1, end - 1);
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
