/*
 * AssemblyScript (a language of its own, compiled to WebAssembly by tools/generate-wasm.mjs), for what the transform does
 * with every byte. `src/model/json-skip.ts` does the same in JavaScript, for bytes that are elsewhere; a property test compares
 * the two.
 *
 * Positions are addresses. At least 16 zero bytes have to lie behind the end of a text: a load takes 64 bytes at once, and
 * a text that breaks off must not be read on into what lay there before.
 */

import { block, forgetBlock, plainEnd, stopsFrom, stopsHere } from './string-stops';

/** RFC 8259 has no limit; Go's decoder, and so every API server, refuses deeper nesting. */
const MAX_DEPTH: u32 = 10_000;
/** What closes the containers around the one that is open. */
const STACK: usize = memory.data(10_000);

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const BACKSLASH: u32 = 0x5c;
const CLOSE_BRACKET: u32 = 0x5d;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;
const QUOTE_COLON: u32 = 0x3a22;

/**
 * Steps over one JSON value of any kind and checks its grammar.
 * @param p at its first byte
 * @returns the position behind it, 0 where it is not JSON or does not end before `end`
 */
export function skipValue(p: usize, end: usize): usize {
  forgetBlock();
  return skip(p, end);
}

/** The same, for who has called `forgetBlock`. What follows behind the end is read on until that is noticed. */
export function skip(p: usize, end: usize): usize {
  const first: u32 = load<u8>(p);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(p, end);
  const behind = first === QUOTE ? skipString(p + 1, end) : skipScalar(p, end);
  return behind <= end ? behind : 0;
}

/** @param p at what opens it */
function skipContainer(p: usize, end: usize): usize {
  // Of the block from `from` on: the stops (string-stops.ts) that are not behind. The next quote has the lowest bit, or is in
  // another block. So a string needs no look at its bytes, nor the string before.
  let from = block;
  let left: u64 = 0;
  let depth: u32 = 0;
  let closer: u32 = 0;
  /** A key has to stand here. */
  let key = false;
  while (true) {
    let c: u32 = load<u8>(p);
    if (c === QUOTE) {
      left &= left - 1;
      if (left === 0) {
        left = stopsFrom(p + 1, end);
        from = block;
      }
      p = from + <usize>ctz(left);
      left &= left - 1;
      let pair: u32 = load<u16>(p);
      if ((pair & 0xff) !== QUOTE) {
        p = skipEscapes(p, end);
        if (p === 0) return 0;
        from = block;
        left = stopsHere(p);
        p--;
        pair = load<u16>(p);
      }
      if (key) {
        key = false;
        if (pair === QUOTE_COLON) {
          p += 2;
          continue;
        }
        p = skipSpace(p + 1, end);
        if (p >= end || load<u8>(p) !== COLON) return 0;
        p++;
        from = block;
        left = stopsHere(p);
        continue;
      }
      p++;
    } else if (c <= 0x20) {
      // Behind a colon or a comma.
      const start = p;
      p = skipSpace(p, end);
      if (p === start) return 0;
      from = block;
      left = stopsHere(p);
      continue;
    } else if (key) return 0;
    else if (c === OPEN_BRACE) {
      p++;
      c = load<u8>(p);
      if (c <= 0x20) {
        p = skipSpace(p, end);
        from = block;
        left = stopsHere(p);
        c = load<u8>(p);
      }
      if (c !== CLOSE_BRACE) {
        if (depth === MAX_DEPTH) return 0;
        store<u8>(STACK + depth++, <u8>closer);
        closer = CLOSE_BRACE;
        key = true;
        continue;
      }
      p++;
      if (depth === 0) return p <= end ? p : 0;
    } else if (c === OPEN_BRACKET) {
      p++;
      c = load<u8>(p);
      if (c <= 0x20) {
        p = skipSpace(p, end);
        from = block;
        left = stopsHere(p);
        c = load<u8>(p);
      }
      if (c !== CLOSE_BRACKET) {
        if (depth === MAX_DEPTH) return 0;
        store<u8>(STACK + depth++, <u8>closer);
        closer = CLOSE_BRACKET;
        continue;
      }
      p++;
      if (depth === 0) return p <= end ? p : 0;
    } else {
      p = skipScalar(p, end);
      if (p === 0) return 0;
    }
    while (true) {
      c = load<u8>(p++);
      if (c === COMMA) {
        key = closer === CLOSE_BRACE;
        break;
      }
      if (c === closer) {
        closer = load<u8>(STACK + --depth);
        if (depth === 0) return p <= end ? p : 0;
        continue;
      }
      const next = skipSpace(p - 1, end);
      if (next < p || next >= end) return 0;
      p = next;
      from = block;
      left = stopsHere(p);
    }
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}

export function skipSpace(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c > 0x20 || (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)) break;
    p++;
  }
  return p;
}

/** @param p behind the opening quote */
function skipString(p: usize, end: usize): usize {
  const stop = plainEnd(p, end);
  return load<u8>(stop) === QUOTE ? stop + 1 : skipEscapes(stop, end);
}

/** @param p at a backslash, or at what ends the text */
function skipEscapes(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return p + 1;
    if (c !== BACKSLASH) return 0;
    p = skipEscape(p + 1, end);
    if (p === 0) return 0;
    p = plainEnd(p, end);
  }
  return 0;
}

/** @param p behind the backslash */
export function skipEscape(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const e: u32 = load<u8>(p);
  // " \ / b f n r t
  if (e === 0x22 || e === 0x5c || e === 0x2f || e === 0x62 || e === 0x66 || e === 0x6e || e === 0x72 || e === 0x74)
    return p + 1;
  if (e !== 0x75 || p + 5 > end) return 0;
  for (let i = p + 1; i < p + 5; i++) {
    const c: u32 = load<u8>(i);
    if (!(c - 0x30 <= 9 || (c | 0x20) - 0x61 <= 5)) return 0;
  }
  return p + 5;
}

/** A number, true, false or null. */
function skipScalar(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const c: u32 = load<u8>(p);
  if (c === 0x2d || c - 0x30 <= 9) return skipNumber(p, end);
  const word = load<u32>(p);
  if (word === 0x65757274 || word === 0x6c6c756e) return p + 4 <= end ? p + 4 : 0; // true, null
  if (word === 0x736c6166 && load<u8>(p + 4) === 0x65) return p + 5 <= end ? p + 5 : 0; // false
  return 0;
}

function skipNumber(p: usize, end: usize): usize {
  if (load<u8>(p) === 0x2d) p++;
  if (p >= end) return 0;
  if (load<u8>(p) === 0x30) p++;
  else {
    p = skipDigits(p, end);
    if (p === 0) return 0;
  }
  if (p < end && load<u8>(p) === 0x2e) {
    p = skipDigits(p + 1, end);
    if (p === 0) return 0;
  }
  if (p < end && (load<u8>(p) | 0x20) === 0x65) {
    p++;
    if (p < end && (load<u8>(p) === 0x2b || load<u8>(p) === 0x2d)) p++;
    return skipDigits(p, end);
  }
  return p;
}

/** At least one digit. */
function skipDigits(p: usize, end: usize): usize {
  const start = p;
  while (p < end && <u32>load<u8>(p) - 0x30 <= 9) p++;
  return p === start ? 0 : p;
}
