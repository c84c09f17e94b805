/*
 * AssemblyScript: the bytes of a simulated object (src/simulator/template.ts): the values of its fields, each of a fixed width
 * (src/simulator/template-fields.ts), put between the texts of its template.
 */
import { compose } from '../compose';

/** Slots of `compose`: the fields by their numbers, and behind them those that are the same for all changes of an object. */
const RV: u32 = 0;
const UID: u32 = 1;
const SUFFIX: u32 = 2;
const ORDINAL: u32 = 3;
const COUNT: u32 = 4;
const OCTET: u32 = 5;
const HOST: u32 = 6;
const BEAT: u32 = 7;
const BORN: u32 = 8;
const CHANGED: u32 = 9;
const MANAGED: u32 = 10;
const DIGIT: u32 = 11;
/** The first of a variant. */
const VARIANT: u32 = 12;
const VARIANT_SLOTS: usize = 8;

/** Bytes that a field has room for, with what is written behind it. */
const ROOM: usize = 64;
const SLOTS: usize = memory.data(160, 16);
const VALUES: usize = memory.data(768, 16);
/** The 32 digits of a uid, before its hyphens. */
const DIGITS: usize = memory.data(32, 16);
/** The letters of Kubernetes' own name suffixes. */
const LETTERS: usize = memory.data<u8>([
  98, 99, 100, 102, 103, 104, 106, 107, 108, 109, 110, 112, 113, 114, 115, 116, 118, 119, 120, 122, 50, 52, 53, 54, 55,
  56, 57,
]);
const SUFFIXES: u64 = 387420489;

/**
 * @param template u32 bits of its fields | u32 number of its pieces | the pieces, as `compose` takes them
 * @param variant of VARIANT_SLOTS slots
 * @param envelope u32 address and length of what stands in front, u32 the same of what stands behind; at most 32 bytes each
 * @param out up to 32 bytes behind the text are overwritten
 * @returns the address behind the text
 */
export function render(
  template: usize,
  variant: usize,
  envelope: usize,
  salt: u32,
  slot: u32,
  serial: u32,
  changes: u32,
  beats: u32,
  resourceVersion: f64,
  out: usize,
): usize {
  for (let i: usize = 0; i < VARIANT_SLOTS * 8; i += 16)
    v128.store(SLOTS + <usize>VARIANT * 8 + i, v128.load(variant + i));
  const fields = load<u32>(template);
  const rv = <u64>resourceVersion;
  if (has(fields, RV)) {
    const at = field(RV, 10);
    digits(<u32>(rv / 100_000), 5, at);
    digits(<u32>(rv % 100_000), 5, at + 5);
  }
  if (has(fields, UID)) uid(salt, serial, field(UID, 36));
  if (has(fields, SUFFIX)) suffix(serial, field(SUFFIX, 6));
  if (has(fields, ORDINAL)) digits(slot, 6, field(ORDINAL, 6));
  if (has(fields, COUNT)) digits(100_000 + (changes % 900_000), 6, field(COUNT, 6));
  if (has(fields, OCTET)) digits(100 + (slot % 150), 3, field(OCTET, 3));
  if (has(fields, HOST)) digits(100 + (mix(serial) % 150), 3, field(HOST, 3));
  if (has(fields, BEAT)) digits(10_000_000 + (beats % 90_000_000), 8, field(BEAT, 8));
  if (has(fields, BORN)) clock(serial, field(BORN, 8));
  if (has(fields, CHANGED)) clock(<u64>serial + <u64>changes * 7, field(CHANGED, 8));
  if (has(fields, MANAGED)) clock(rv, field(MANAGED, 8));
  if (has(fields, DIGIT)) digits(changes % 10, 1, field(DIGIT, 1));
  const start = text(envelope, out);
  return text(envelope + 8, compose(template + 8, load<u32>(template, 4), SLOTS, start));
}

function has(fields: u32, number: u32): bool {
  return ((fields >> number) & 1) === 1;
}

/** @returns where the value of a field is to be written to */
function field(number: u32, width: u32): usize {
  const at = VALUES + <usize>number * ROOM;
  const slot = SLOTS + <usize>number * 8;
  store<u32>(slot, <u32>at);
  store<u32>(slot, width, 4);
  return at;
}

function text(place: usize, out: usize): usize {
  const from = <usize>load<u32>(place);
  v128.store(out, v128.load(from));
  v128.store(out, v128.load(from, 16), 16);
  return out + load<u32>(place, 4);
}

function digits(value: u32, width: usize, at: usize): void {
  let rest = value;
  for (let to = at + width; to > at; ) {
    const next = rest / 10;
    store<u8>(--to, 48 + rest - next * 10);
    rest = next;
  }
}

/** Seconds as HH:MM:SS of one day. */
function clock(seconds: u64, at: usize): void {
  const s = <u32>(seconds % 86_400);
  digits(s / 3600, 2, at);
  store<u8>(at, 58, 2);
  digits((s / 60) % 60, 2, at + 3);
  store<u8>(at, 58, 5);
  digits(s % 60, 2, at + 6);
}

/** Version 4 in form: 128 bits that belong to the resource and the serial, the lower digit of each byte first. */
function uid(salt: u32, serial: u32, at: usize): void {
  const seed = mix((serial * 0x9e3779b1) ^ salt);
  let words = i32x4.splat(mix(seed));
  words = i32x4.replace_lane(words, 1, mix(seed + 1));
  words = i32x4.replace_lane(words, 2, mix(seed + 2));
  words = i32x4.replace_lane(words, 3, mix(seed + 3 + serial));
  hex16(v128.and(words, i8x16.splat(15)), i8x16.shr_u(words, 4));
  store<u8>(DIGITS, 52, 12);
  store<u8>(DIGITS, 97, 16);
  store<u64>(at, load<u64>(DIGITS));
  store<u8>(at, 45, 8);
  store<u32>(at, load<u32>(DIGITS, 8), 9);
  store<u8>(at, 45, 13);
  store<u32>(at, load<u32>(DIGITS, 12), 14);
  store<u8>(at, 45, 18);
  store<u32>(at, load<u32>(DIGITS, 16), 19);
  store<u8>(at, 45, 23);
  store<u64>(at, load<u64>(DIGITS, 20), 24);
  store<u32>(at, load<u32>(DIGITS, 28), 32);
}

/** Writes the digits of 16 bytes, of which the halves are given. */
function hex16(low: v128, high: v128): void {
  const letters = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
  const first = i8x16.shuffle(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const second = i8x16.shuffle(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(DIGITS, i8x16.swizzle(letters, first));
  v128.store(DIGITS, i8x16.swizzle(letters, second), 16);
}

/** Each serial below 387 million has its own suffix (the factor and the number of suffixes have no common divisor). */
function suffix(serial: u32, at: usize): void {
  let n = <u32>((<u64>serial * 1_048_573) % SUFFIXES);
  for (let i: usize = 0; i < 6; i++) {
    const next = n / 27;
    store<u8>(at + i, load<u8>(LETTERS + n - next * 27));
    n = next;
  }
}

/** Scrambles 32 bits, as in src/simulator/random.ts. */
function mix(value: u32): u32 {
  let z = value;
  z = (z ^ (z >> 16)) * 0x21f0aaad;
  z = (z ^ (z >> 15)) * 0x735a2d97;
  return z ^ (z >> 15);
}
