/*
 * AssemblyScript: members of JSON objects, as they stand in compact text. Positions are addresses; 16 zero bytes lie behind
 * each text.
 */
import { same } from './bytes';
import { skipTrusted } from './skip-trusted';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const BACKSLASH: u32 = 0x5c;
const CLOSE_BRACE: u32 = 0x7d;

/** Members of one object: each is looked for among the others. */
const MAX_MEMBERS: usize = 64;
/** Of a number that is a double exactly. */
const MAX_DIGITS: usize = 15;

/** Members of the objects that are being looked at, innermost last. */
const MEMBERS: usize = memory.data(65_536);
const MEMBERS_END: usize = MEMBERS + 65_536;
/** Of a member: the address of its key, the length of that, where its value starts and ends. */
export const MEMBER: usize = 16;
let free: usize = MEMBERS;

/** Behind the members that are noted. */
export function membersEnd(): usize {
  return free;
}

/** Forgets the members behind this. */
export function forgetMembers(to: usize): void {
  free = to;
}

export function forgetAllMembers(): void {
  free = MEMBERS;
}

export function valueStart(member: usize): usize {
  return load<u32>(member, 8);
}

export function valueEnd(member: usize): usize {
  return load<u32>(member, 12);
}

/** Notes the members of an object. @returns behind it; 0 where they are too many, or for diff.ts */
export function noteMembers(p: usize, end: usize): usize {
  const first = free;
  p++;
  if (load<u8>(p) === CLOSE_BRACE) return p + 1;
  while (true) {
    if (load<u8>(p) !== QUOTE) return 0;
    const key = p + 1;
    const keyEnd = plainKeyEnd(key, end);
    if (keyEnd === 0 || load<u8>(keyEnd + 1) !== COLON || load<u8>(keyEnd + 2) <= 0x20) return 0;
    const valueEnd = skipTrusted(keyEnd + 2, end);
    if (valueEnd === 0) return 0;
    if (!noteMember(first, key, keyEnd - key, keyEnd + 2, valueEnd)) return 0;
    const next: u32 = load<u8>(valueEnd);
    if (next === CLOSE_BRACE) return valueEnd + 1;
    if (next !== COMMA) return 0;
    p = valueEnd + 1;
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}

/** @param first of its object. @returns false where it has one of this key, or too many */
export function noteMember(first: usize, key: usize, length: usize, start: usize, end: usize): bool {
  if (free - first >= MEMBER * MAX_MEMBERS || free + MEMBER > MEMBERS_END || isNoted(first, key, length)) return false;
  store<u32>(free, key);
  store<u32>(free, length, 4);
  store<u32>(free, start, 8);
  store<u32>(free, end, 12);
  free += MEMBER;
  return true;
}

/** Whether a member of this key is noted, of those from `first` on. */
export function isNoted(first: usize, key: usize, length: usize): bool {
  for (let m = first; m < free; m += MEMBER) if (isKey(m, key, length)) return true;
  return false;
}

/** The member of the key of another one, which most often is the next. */
export function find(from: usize, to: usize, hint: usize, other: usize): usize {
  const key = load<u32>(other);
  const length = load<u32>(other, 4);
  if (hint < to && isKey(hint, key, length)) return hint;
  for (let m = from; m < to; m += MEMBER) if (isKey(m, key, length)) return m;
  return 0;
}

function isKey(member: usize, key: usize, length: usize): bool {
  return load<u32>(member, 4) === length && same(load<u32>(member), key, length);
}

export function isSameValue(one: usize, other: usize): bool {
  const start = load<u32>(one, 8);
  const length = load<u32>(one, 12) - start;
  return length === load<u32>(other, 12) - load<u32>(other, 8) && same(start, load<u32>(other, 8), length);
}

/** @param p behind the opening quote. @returns where the closing one is; 0 where there is none, or an escape before it */
export function plainKeyEnd(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return p;
    if (c === BACKSLASH) return 0;
    p++;
  }
  return 0;
}

/** Of a scalar: whether JSON.stringify writes it so. What begins a container is not looked at. */
export function isPlain(p: usize): bool {
  const c: u32 = load<u8>(p);
  if (c === QUOTE) return isPlainString(p + 1);
  if (c !== 0x2d && c - 0x30 > 9) return true;
  let digits = c === 0x2d ? p + 1 : p;
  const start = digits;
  while (<u32>load<u8>(digits) - 0x30 <= 9) digits++;
  const next: u32 = load<u8>(digits);
  if (next === 0x2e || (next | 0x20) === 0x65 || digits - start > MAX_DIGITS) return false;
  return c !== 0x2d || load<u8>(start) !== 0x30;
}

/** @param p behind the opening quote */
function isPlainString(p: usize): bool {
  while (true) {
    const bytes = v128.load(p);
    const stops = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
        i8x16.lt_u(bytes, i8x16.splat(0x20)),
      ),
    );
    if (stops === 0) {
      p += 16;
      continue;
    }
    p += ctz(stops);
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return true;
    if (c !== BACKSLASH) return false;
    const e: u32 = load<u8>(p + 1);
    // " \ b f n r t; all else may have a shorter form
    if (e !== 0x22 && e !== 0x5c && e !== 0x62 && e !== 0x66 && e !== 0x6e && e !== 0x72 && e !== 0x74) return false;
    p += 2;
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return false;
}
