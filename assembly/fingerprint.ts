/*
 * AssemblyScript: the hash of src/transform/fingerprint.ts, of an object without what is left out of it. The bytes are hashed
 * where they are; only what stands around a cut is put together first, as the hash takes 64 bytes at once and must not depend
 * on where the cuts were. Positions are addresses.
 */

/** Of the cuts, which src/model/edit-list.ts writes: start, end, kind. */
const CUT: usize = 12;

const STRIPE: usize = 64;
/** What is left of a piece until there is a stripe; writes go on behind it. */
const REST: usize = memory.data(128, 16);
let rest: usize = 0;

/** 16 lanes of the lower half, and 16 of the upper one. */
const LANES: usize = memory.data(128, 16);
const HALF: usize = 64;

/** As constants of the code, V8 would make each of these anew wherever it is used, in three steps. */
const LOW: usize = memory.data<u32>([0xcc9e2d51, 0xcc9e2d51, 0xcc9e2d51, 0xcc9e2d51], 16);
const HIGH: usize = memory.data<u32>([0x85ebca77, 0x85ebca77, 0x85ebca77, 0x85ebca77], 16);

let high: i32 = 0;

/** The upper half of the last fingerprint. */
export function fingerprintHigh(): i32 {
  return high;
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

  for (let i: usize = 0; i < 2 * HALF; i += 16) v128.store(LANES + i, i32x4.splat(0));
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
    for (let i: usize = 0; i < STRIPE; i += 16) v128.store(REST + rest + i, i32x4.splat(0));
    stripes(REST, REST + STRIPE);
  }
  let low = 0x2f0b4c47 ^ <i32>length;
  high = 0x165667b1 ^ <i32>length;
  for (let lane = LANES; lane < LANES + HALF; lane += 4) {
    low = rotl((low ^ load<i32>(lane)) * 0x1b873593, 13);
    high = rotl((high ^ load<i32>(lane, HALF)) * <i32>0x9e3779b1, 11);
  }
  high = mix(high);
  return mix(low);
}

function put(p: usize, end: usize): void {
  if (p >= end) return;
  if (rest > 0) {
    // Bytes too many are overwritten by the next piece, or by zeros at the end.
    keep(p);
    const missing: usize = STRIPE - rest;
    if (end - p < missing) {
      rest += end - p;
      return;
    }
    stripes(REST, REST + STRIPE);
    p += missing;
    rest = 0;
  }
  const left = (end - p) % STRIPE;
  stripes(p, end - left);
  keep(end - left);
  rest = left;
}

/** Writes a stripe behind what is left. */
function keep(p: usize): void {
  for (let i: usize = 0; i < STRIPE; i += 16) v128.store(REST + rest + i, v128.load(p + i));
}

function stripes(p: usize, end: usize): void {
  let a = v128.load(LANES);
  let b = v128.load(LANES, 16);
  let c = v128.load(LANES, 32);
  let d = v128.load(LANES, 48);
  let e = v128.load(LANES, 64);
  let f = v128.load(LANES, 80);
  let g = v128.load(LANES, 96);
  let h = v128.load(LANES, 112);
  const low = v128.load(LOW);
  const high = v128.load(HIGH);
  for (; p < end; p += STRIPE) {
    const one = v128.load(p);
    const two = v128.load(p, 16);
    const three = v128.load(p, 32);
    const four = v128.load(p, 48);
    a = i32x4.mul(v128.xor(a, one), low);
    b = i32x4.mul(v128.xor(b, two), low);
    c = i32x4.mul(v128.xor(c, three), low);
    d = i32x4.mul(v128.xor(d, four), low);
    a = v128.xor(a, i32x4.shr_u(a, 15));
    b = v128.xor(b, i32x4.shr_u(b, 15));
    c = v128.xor(c, i32x4.shr_u(c, 15));
    d = v128.xor(d, i32x4.shr_u(d, 15));
    e = i32x4.mul(v128.xor(e, one), high);
    f = i32x4.mul(v128.xor(f, two), high);
    g = i32x4.mul(v128.xor(g, three), high);
    h = i32x4.mul(v128.xor(h, four), high);
    e = v128.xor(e, i32x4.shr_u(e, 13));
    f = v128.xor(f, i32x4.shr_u(f, 13));
    g = v128.xor(g, i32x4.shr_u(g, 13));
    h = v128.xor(h, i32x4.shr_u(h, 13));
  }
  v128.store(LANES, a);
  v128.store(LANES, b, 16);
  v128.store(LANES, c, 32);
  v128.store(LANES, d, 48);
  v128.store(LANES, e, 64);
  v128.store(LANES, f, 80);
  v128.store(LANES, g, 96);
  v128.store(LANES, h, 112);
}

function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}
