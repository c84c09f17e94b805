/*
 * AssemblyScript: steps over a value of a text that is known to be JSON, in half the time of `skipValue`, which checks
 * that. Of other text it may say anything. It reads up to 64 bytes behind `end`. Positions are addresses.
 */
const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;

/** As constants of the code, V8 would make each of these anew wherever it is used, in three steps. */
const QUOTES: usize = memory.data<u32>([0x22222222, 0x22222222, 0x22222222, 0x22222222], 16);
const BACKSLASHES: usize = memory.data<u32>([0x5c5c5c5c, 0x5c5c5c5c, 0x5c5c5c5c, 0x5c5c5c5c], 16);
const SPACES: usize = memory.data<u32>([0x20202020, 0x20202020, 0x20202020, 0x20202020], 16);
const OPEN_BRACES: usize = memory.data<u32>([0x7b7b7b7b, 0x7b7b7b7b, 0x7b7b7b7b, 0x7b7b7b7b], 16);
const CLOSE_BRACES: usize = memory.data<u32>([0x7d7d7d7d, 0x7d7d7d7d, 0x7d7d7d7d, 0x7d7d7d7d], 16);

const ODD: u64 = (u64.MAX_VALUE / 3) * 2;

/** @returns the position behind the value, 0 where it does not end before `end` */
export function skipTrusted(p: usize, end: usize): usize {
  const c: u32 = load<u8>(p);
  let behind: usize;
  if (c === QUOTE) behind = skipString(p + 1, end);
  else if (c === OPEN_BRACE || c === OPEN_BRACKET) behind = skipContainer(p + 1, end);
  else behind = skipScalar(p, end);
  return behind <= end ? behind : 0;
}

function skipScalar(p: usize, end: usize): usize {
  const start = p;
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c <= 0x20) break;
    p++;
  }
  return p === start ? 0 : p;
}

/** @param p behind the opening quote */
function skipString(p: usize, end: usize): usize {
  while (p < end) {
    const bytes = v128.load(p);
    const stops = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))));
    if (stops === 0) {
      p += 16;
      continue;
    }
    p += ctz(stops);
    if (load<u8>(p) === QUOTE) return p + 1;
    p += 2;
  }
  return 0;
}

/** @param p behind what opens it */
function skipContainer(p: usize, end: usize): usize {
  let depth: u32 = 1;
  /** All ones where the block begins in a string. */
  let within: u64 = 0;
  /** 1 where its first byte is escaped. */
  let escaped: u64 = 0;
  while (p < end) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    let quotes = marks(a, b, c, d, v128.load(QUOTES));
    const backslashes = marks(a, b, c, d, v128.load(BACKSLASHES));
    if ((backslashes | escaped) !== 0) {
      // Of a run of backslashes every second one escapes what is behind it: carries of a subtraction tell which, as simdjson does.
      const first = backslashes & ~escaped;
      const codes = (((first << 1) | ODD) - first) ^ ODD;
      quotes &= ~(codes ^ (backslashes | escaped));
      escaped = (codes & backslashes) >> 63;
    }
    const strings = parity(quotes) ^ within;
    within = <u64>(<i64>strings >> 63);
    // A brace is a bracket with another bit.
    const bit = v128.load(SPACES);
    const e = v128.or(a, bit);
    const f = v128.or(b, bit);
    const g = v128.or(c, bit);
    const h = v128.or(d, bit);
    const opens = marks(e, f, g, h, v128.load(OPEN_BRACES)) & ~strings;
    let closes = marks(e, f, g, h, v128.load(CLOSE_BRACES)) & ~strings;
    const closed = <u32>popcnt(closes);
    if (closed >= depth) {
      let inner = depth;
      for (let count: u32 = 1; closes !== 0; count++) {
        const at = ctz(closes);
        inner = depth + <u32>popcnt(opens & (((<u64>1) << at) - 1)) - count;
        if (inner === 0) return p + <usize>at + 1;
        closes &= closes - 1;
      }
    }
    depth += <u32>popcnt(opens) - closed;
    p += 64;
  }
  return 0;
}

/** Where the byte is, one bit a place. @param one that byte 16 times */
function marks(a: v128, b: v128, c: v128, d: v128, one: v128): u64 {
  return (
    <u64>i8x16.bitmask(i8x16.eq(a, one)) |
    ((<u64>i8x16.bitmask(i8x16.eq(b, one))) << 16) |
    ((<u64>i8x16.bitmask(i8x16.eq(c, one))) << 32) |
    ((<u64>i8x16.bitmask(i8x16.eq(d, one))) << 48)
  );
}

/** Of each place, whether the bits up to and with it are odd in number. */
function parity(bits: u64): u64 {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}
