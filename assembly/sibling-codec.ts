/*
 * AssemblyScript: the codec of src/transform/sibling-codec.ts, which describes the format and does the same in JavaScript for
 * texts that have no room here. A property test compares the two. Positions are addresses.
 */
import { common, copy, min } from './bytes';

const HASH_BITS: u32 = 13;
const LEAST_COPY: u32 = 5;
const PATIENCE: u32 = 5;

/** By hash of the four bytes there: a place in the text, plus `base`, which grows from text to text. */
const OWN_PLACES: usize = memory.data(32_768);
/** By hash: a place in the dictionary, plus 1. */
const DICTIONARY_PLACES: usize = memory.data(16_384);
let base: i32 = 1;

/** Where the table of the dictionary is to be put: 8192 numbers of 16 bits. */
export function dictionaryPlaces(): usize {
  return DICTIONARY_PLACES;
}

function hashAt(p: usize): u32 {
  return (load<u32>(p) * 0x9e3779b1) >> (32 - HASH_BITS);
}

/** Whether it may be worth a copy: most places of a hash are not. */
function begins(a: usize, b: usize): bool {
  return load<u32>(a) === load<u32>(b);
}

/**
 * @param out room for three times the length and 64 bytes
 * @returns the length of what was written
 */
export function encode(text: usize, end: u32, dictionary: usize, dictionaryLength: u32, out: usize): u32 {
  if (base > 0x40000000) {
    memory.fill(OWN_PLACES, 0, 32_768);
    base = 1;
  }
  const first = base;
  base += end + 1;
  const start = out;
  let literals: u32 = 0;
  let copied: u32 = 0;
  let source: u32 = 0;
  let missed: u32 = 0;
  for (let at: u32 = 0; at + LEAST_COPY <= end; ) {
    let from: i32 = source + at - copied;
    let length: u32 = 0;
    if (<u32>from < dictionaryLength && begins(text + at, dictionary + from))
      length = common(text + at, dictionary + from, min(end - at, dictionaryLength - from));
    if (length < LEAST_COPY) {
      const hash = hashAt(text + at);
      const place = OWN_PLACES + (hash << 2);
      const own: i32 = load<i32>(place) - first;
      store<i32>(place, first + at);
      from = <i32>load<u16>(DICTIONARY_PLACES + (hash << 1)) - 1;
      length = 0;
      if (from >= 0 && begins(text + at, dictionary + from))
        length = common(text + at, dictionary + from, min(end - at, dictionaryLength - from));
      if (own >= 0 && begins(text + at, text + own)) {
        const ownLength = common(text + at, text + own, min(end - at, end - own));
        if (ownLength > length) {
          length = ownLength;
          from = dictionaryLength + own;
        }
      }
    }
    if (length < LEAST_COPY) {
      at += 1 + (missed++ >> PATIENCE);
      continue;
    }
    missed = 0;
    out = putLiterals(out, text + literals, at - literals);
    out = putVarint(out, length);
    out = putVarint(out, <u32>from === source + at - copied ? 0 : from + 1);
    at += length;
    literals = at;
    copied = at;
    source = from + length;
  }
  out = putLiterals(out, text + literals, end - literals);
  return <u32>(out - start);
}

function putLiterals(out: usize, from: usize, length: u32): usize {
  out = putVarint(out, length);
  copy(out, from, length);
  return out + length;
}

function putVarint(out: usize, value: u32): usize {
  while (value >= 0x80) {
    store<u8>(out++, <u8>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  store<u8>(out, <u8>value);
  return out + 1;
}

/** Where the reader of numbers stands. */
let at: usize = 0;

/** @returns -1 where there is none, or it needs more than 31 bits */
function varint(end: usize): i32 {
  let value: u64 = 0;
  for (let shift: u32 = 0; shift < 35; shift += 7) {
    if (at >= end) return -1;
    const byte: u32 = load<u8>(at++);
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) return value > 0x7fffffff ? -1 : <i32>value;
  }
  return -1;
}

/** @returns false where the bytes are not what a text of this length was encoded to */
export function decode(
  encoded: usize,
  encodedLength: u32,
  dictionary: usize,
  dictionaryLength: u32,
  text: usize,
  length: u32,
): bool {
  const end = encoded + encodedLength;
  let written: u32 = 0;
  let copied: u32 = 0;
  let source: u32 = 0;
  at = encoded;
  while (at < end) {
    const literals = varint(end);
    if (literals < 0 || <u32>literals > length - written || at + literals > end) return false;
    copy(text + written, at, literals);
    written += literals;
    at += literals;
    if (at === end) break;
    const count = varint(end);
    const where = varint(end);
    if (count < 0 || where < 0 || <u32>count > length - written) return false;
    const from: i64 = where === 0 ? <i64>source + written - copied : <i64>where - 1;
    if (from + count <= <i64>dictionaryLength) copy(text + written, dictionary + <usize>from, count);
    else {
      const own = from - <i64>dictionaryLength;
      if (own < 0 || own >= <i64>written) return false;
      const begin = text + <usize>own;
      if (own + 16 <= <i64>written) copy(text + written, begin, count);
      // Byte by byte: it copies what it has just written.
      else for (let i: i32 = 0; i < count; i++) store<u8>(text + written + i, load<u8>(begin + i));
    }
    written += count;
    copied = written;
    source = <u32>from + count;
  }
  return written === length;
}
