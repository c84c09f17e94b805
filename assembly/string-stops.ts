/*
 * AssemblyScript: where strings may end. A stop is a quote, a backslash or a control character. Most strings are short, so 64
 * bytes are looked at once, for all strings in them. Positions are addresses.
 */

/** What was looked at last. */
export let block: usize = 0;
/** One bit a byte. */
let stops: u64 = 0;

/** To be called before anything here: the text may be another one than before. */
export function forgetBlock(): void {
  block = 0;
  stops = 0;
}

/** Where the next stop is; `end`, or a position behind it, where there is none before. */
export function plainEnd(p: usize, end: usize): usize {
  const place = p - block;
  if (place < 64) {
    const left = stops >> <u64>place;
    if (left !== 0) return p + <usize>ctz(left);
  }
  return plainEndFar(p, end);
}

function plainEndFar(p: usize, end: usize): usize {
  const place = p - block;
  if (place < 128) {
    if (place < 64) p = block + 64;
    block += 64;
  } else block = p;
  while (block < end) {
    stops = stopsAt(block);
    const left = stops >> <u64>(p - block);
    if (left !== 0) return p + <usize>ctz(left);
    block += 64;
    p = block;
  }
  forgetBlock();
  return end;
}

/** As constants of the code, V8 would make each of these anew wherever it is used, in three steps. */
const BACKSLASHES: usize = memory.data<u32>([0x5c5c5c5c, 0x5c5c5c5c, 0x5c5c5c5c, 0x5c5c5c5c], 16);
const TWOS: usize = memory.data<u32>([0x02020202, 0x02020202, 0x02020202, 0x02020202], 16);
const SPACES: usize = memory.data<u32>([0x20202020, 0x20202020, 0x20202020, 0x20202020], 16);

function stopsAt(p: usize): u64 {
  const backslashes = v128.load(BACKSLASHES);
  const twos = v128.load(TWOS);
  const spaces = v128.load(SPACES);
  return (
    stopsOf(v128.load(p), backslashes, twos, spaces) |
    (stopsOf(v128.load(p, 16), backslashes, twos, spaces) << 16) |
    (stopsOf(v128.load(p, 32), backslashes, twos, spaces) << 32) |
    (stopsOf(v128.load(p, 48), backslashes, twos, spaces) << 48)
  );
}

/** What is at most 0x20 with that bit turned is a quote or a control character. */
function stopsOf(bytes: v128, backslashes: v128, twos: v128, spaces: v128): u64 {
  return <u64>i8x16.bitmask(v128.or(i8x16.eq(bytes, backslashes), i8x16.le_u(v128.xor(bytes, twos), spaces)));
}

/** The stops from there on in the block that was looked at last; 0 where it is in none. */
export function stopsHere(p: usize): u64 {
  const place = p - block;
  return place < 64 ? stops & (u64.MAX_VALUE << (<u64>place)) : 0;
}

/**
 * The stops from there on, of the first block that has one.
 * @returns not 0: where none is left before the end, a bit stands for the end
 */
export function stopsFrom(p: usize, end: usize): u64 {
  let place = p - block;
  if (place >= 64) {
    if (place < 128) block += 64;
    else block = p;
    stops = stopsAt(block);
    place = p - block;
  }
  let left = stops & (u64.MAX_VALUE << (<u64>place));
  while (left === 0) {
    block += 64;
    if (block >= end) {
      // Never back: a value that runs past the end is found out when it is over.
      block = p > end ? p : end;
      stops = 1;
    } else stops = stopsAt(block);
    left = stops;
  }
  return left;
}
