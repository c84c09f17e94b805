/*
 * AssemblyScript (a language of its own, compiled to WebAssembly by tools/generate-wasm.mjs), for what the transform does
 * with every byte. `src/model/json-skip.ts` does the same in JavaScript, for bytes that are elsewhere; a property test compares
 * the two.
 *
 * Positions are addresses. At least 16 zero bytes have to lie behind the end of a text: a load takes 16 bytes at once, and
 * a text that breaks off must not be read on into what lay there before.
 */

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

/** The first address that texts may be put at. */
export function base(): usize {
  return (__heap_base + 15) & ~15;
}

/**
 * Steps over one JSON value of any kind and checks its grammar.
 * @param p at its first byte
 * @returns the position behind it, 0 where it is not JSON or does not end before `end`
 */
export function skipValue(p: usize, end: usize): usize {
  let depth: u32 = 0;
  let closer: u32 = 0;
  while (true) {
    let c: u32 = load<u8>(p);
    let key = false;
    if (c === QUOTE) {
      p = skipString(p + 1, end);
      if (p === 0) return 0;
    } else if (c === OPEN_BRACE) {
      p++;
      if (load<u8>(p) !== QUOTE) {
        p = skipSpace(p, end);
        if (p >= end) return 0;
      }
      if (load<u8>(p) === CLOSE_BRACE) p++;
      else {
        if (depth === MAX_DEPTH) return 0;
        store<u8>(STACK + depth++, <u8>closer);
        closer = CLOSE_BRACE;
        key = true;
      }
    } else if (c === OPEN_BRACKET) {
      p = skipSpace(p + 1, end);
      if (p >= end) return 0;
      if (load<u8>(p) === CLOSE_BRACKET) p++;
      else {
        if (depth === MAX_DEPTH) return 0;
        store<u8>(STACK + depth++, <u8>closer);
        closer = CLOSE_BRACKET;
        continue;
      }
    } else {
      p = skipScalar(p, end);
      if (p === 0) return 0;
    }
    while (!key) {
      if (depth === 0) return p <= end ? p : 0;
      c = load<u8>(p++);
      if (c === COMMA) {
        if (load<u8>(p) <= 0x20) {
          p = skipSpace(p, end);
          if (p >= end) return 0;
        }
        key = closer === CLOSE_BRACE;
        break;
      }
      if (c === closer) closer = load<u8>(STACK + --depth);
      else {
        const next = skipSpace(p - 1, end);
        if (next < p || next >= end) return 0;
        p = next;
      }
    }
    if (!key) continue;
    if (load<u8>(p) !== QUOTE) return 0;
    p = skipString(p + 1, end);
    if (p === 0) return 0;
    if (load<u8>(p) === COLON && load<u8>(p + 1) > 0x20) p++;
    else {
      p = skipSpace(p, end);
      if (p >= end || load<u8>(p) !== COLON) return 0;
      p = skipSpace(p + 1, end);
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

/** Where the next quote, backslash or control character is; at `end`, or up to 15 bytes behind, where there is none. */
export function plainEnd(p: usize, end: usize): usize {
  while (p < end) {
    const bytes = v128.load(p);
    const stops = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
        i8x16.lt_u(bytes, i8x16.splat(0x20)),
      ),
    );
    if (stops !== 0) return p + ctz(stops);
    p += 16;
  }
  return p;
}

/** @param p behind the opening quote */
function skipString(p: usize, end: usize): usize {
  while (p < end) {
    p = plainEnd(p, end);
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return p + 1;
    if (c !== BACKSLASH) return 0;
    p = skipEscape(p + 1, end);
    if (p === 0) return 0;
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
