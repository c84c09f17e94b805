/*
 * AssemblyScript: the hash of src/transform/fingerprint.ts, of an object without what is left out of it. The bytes are hashed
 * where they are; only what stands around a cut is put together first, as the hash takes 8 bytes at once and must not depend
 * on where the cuts were. Positions are addresses.
 */

/** Of the cuts, which src/model/edit-list.ts writes: start, end, kind. */
const CUT: usize = 12;

/** What is left of a piece until there are 8 bytes. */
const REST: usize = memory.data(16, 16);
let rest: usize = 0;

let a: i32 = 0;
let b: i32 = 0;
let c: i32 = 0;
let d: i32 = 0;

/** The upper half of the last fingerprint. */
export function fingerprintHigh(): i32 {
  return mix(c ^ mix(d ^ 0x3243f6a9));
}

/**
 * @param text that the cuts' positions count from
 * @param cuts sorted, none within another; those that end before `start` say nothing
 * @param lead what counts as if it stood in front
 * @returns the lower half
 */
export function fingerprint(
  text: usize,
  start: usize,
  end: usize,
  cuts: usize,
  cutsEnd: usize,
  lead: usize,
  leadLength: usize,
): i32 {
  let length = leadLength;
  let at = start;
  for (let cut = cuts; cut < cutsEnd; cut += CUT) {
    const behind = text + load<u32>(cut, 4);
    if (behind <= at) continue;
    const from = text + load<u32>(cut);
    if (from > at) length += from - at;
    at = behind;
  }
  if (end > at) length += end - at;

  a = 0x2f0b4c47 ^ <i32>length;
  b = 0x7ed55d16;
  c = 0x165667b1 ^ <i32>length;
  d = 0x3c6ef372;
  rest = 0;
  put(lead, lead + leadLength);
  at = start;
  for (let cut = cuts; cut < cutsEnd; cut += CUT) {
    const behind = text + load<u32>(cut, 4);
    if (behind <= at) continue;
    put(at, text + load<u32>(cut));
    at = behind;
  }
  put(at, end);
  if (rest > 0) {
    store<u64>(REST, load<u64>(REST) & (((<u64>1) << ((<u64>rest) << 3)) - 1));
    if (rest > 4) blocks(REST, REST + 8);
    else {
      const x = load<i32>(REST);
      a ^= x * <i32>0xcc9e2d51;
      a = rotl(a, 13) * 5 + 0x6b64e6b5;
      c = rotl((c ^ x) * <i32>0x9e3779b1, 11);
    }
  }
  return mix(a ^ mix(b + 0x27d4eb2f));
}

function put(p: usize, end: usize): void {
  if (p >= end) return;
  if (rest > 0) {
    // Bytes too many are overwritten by the next piece, or masked at the end.
    store<u64>(REST + rest, load<u64>(p));
    const missing: usize = 8 - rest;
    if (end - p < missing) {
      rest += end - p;
      return;
    }
    blocks(REST, REST + 8);
    p += missing;
  }
  rest = (end - p) & 7;
  blocks(p, end - rest);
  store<u64>(REST, load<u64>(end - rest));
}

function blocks(p: usize, end: usize): void {
  let one = a;
  let two = b;
  let three = c;
  let four = d;
  for (; p < end; p += 8) {
    const x = load<i32>(p);
    const y = load<i32>(p, 4);
    one ^= x * <i32>0xcc9e2d51;
    one = rotl(one, 13) * 5 + 0x6b64e6b5;
    two ^= y * 0x1b873593;
    two = rotl(two, 15) * 9 + 0x561ccd1b;
    three = rotl((three ^ x) * <i32>0x9e3779b1, 11);
    four = rotl((four ^ y) * <i32>0x85ebca77, 17);
  }
  a = one;
  b = two;
  c = three;
  d = four;
}

function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}
