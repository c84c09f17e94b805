/*
 * AssemblyScript: writes JSON as JSON.stringify would, of text that it would write in no other way; else nothing that was
 * written counts.
 */

import { copy } from './bytes';
import { forgetMembers, isPlain, membersEnd, noteMember, plainKeyEnd } from './json-members';
import { skipTrusted } from './skip-trusted';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const LETTER_N: u32 = 0x6e;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;

export const MAX_DEPTH: u32 = 48;

/** Where it is written on. */
let out: usize = 0;
let refused = false;

export function beginWriting(to: usize): void {
  out = to;
  refused = false;
}

/** Behind what was written. */
export function written(): usize {
  return out;
}

/** Takes back what was written since `written` was this. */
export function rewind(to: usize): void {
  out = to;
}

/** The text is one for JavaScript. */
export function refuse(): bool {
  refused = true;
  return false;
}

export function isRefused(): bool {
  return refused;
}

/** A key of the object that begins at `start`, with what stands before it. */
export function putKey(start: usize, key: usize, length: usize): bool {
  // JavaScript puts indexes first.
  if (length > 0 && isDigit(load<u8>(key))) return refuse();
  store<u8>(out, <u8>(out === start ? OPEN_BRACE : COMMA));
  copy(out + 1, key - 1, length + 2);
  out += length + 3;
  store<u8>(out++, <u8>COLON);
  return true;
}

export function putNull(): void {
  store<u32>(out, 0x6c6c756e);
  out += 4;
}

/** @returns whether the object that begins at `start` has members */
export function close(start: usize): i32 {
  if (out === start) return 0;
  store<u8>(out++, <u8>CLOSE_BRACE);
  return 1;
}

/**
 * Writes a value. @param bare leave members out that are null, but in lists
 * @returns where it ends, 0 where it is refused
 */
export function put(p: usize, bare: bool, depth: u32): usize {
  if (bare && load<u8>(p) === OPEN_BRACE) return putBareObject(p, depth);
  const end = checked(p, depth);
  if (end === 0) return <usize>refuse();
  copy(out, p, end - p);
  out += end - p;
  return end;
}

function putBareObject(p: usize, depth: u32): usize {
  if (depth > MAX_DEPTH) return <usize>refuse();
  const start = out;
  const told = membersEnd();
  p++;
  let next: u32 = load<u8>(p) === CLOSE_BRACE ? CLOSE_BRACE : COMMA;
  if (next === CLOSE_BRACE) p++;
  while (next === COMMA) {
    const value = checkedKey(p, told);
    if (value === 0) return <usize>refuse();
    if (load<u8>(value) === LETTER_N) p = value + 4;
    else {
      if (!putKey(start, p + 1, value - p - 3)) return 0;
      p = put(value, true, depth + 1);
      if (p === 0) return 0;
    }
    next = load<u8>(p++);
  }
  if (next !== CLOSE_BRACE) return <usize>refuse();
  forgetMembers(told);
  if (close(start) === 0) {
    store<u16>(out, 0x7d7b);
    out += 2;
  }
  return p;
}

/** @returns where a value ends that JSON.stringify writes as it is, else 0 */
function checked(p: usize, depth: u32): usize {
  if (depth > MAX_DEPTH) return 0;
  const first: u32 = load<u8>(p);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return isPlain(p) ? skipTrusted(p, usize.MAX_VALUE) : 0;
  const closer = first + 2;
  if (load<u8>(++p) === closer) return p + 1;
  const told = membersEnd();
  while (true) {
    if (first === OPEN_BRACE) {
      // JavaScript puts indexes first.
      if (isDigit(load<u8>(p + 1))) return 0;
      p = checkedKey(p, told);
      if (p === 0) return 0;
    }
    p = checked(p, depth + 1);
    if (p === 0) return 0;
    const next: u32 = load<u8>(p++);
    if (next === closer) break;
    if (next !== COMMA) return 0;
  }
  forgetMembers(told);
  return p;
}

/** @param told where the members of its object are noted. @returns where its value starts, 0 where it has one of this key already */
function checkedKey(p: usize, told: usize): usize {
  if (load<u8>(p) !== QUOTE) return 0;
  const end = plainKeyEnd(p + 1, usize.MAX_VALUE);
  if (end === 0 || load<u8>(end + 1) !== COLON || !noteMember(told, p + 1, end - p - 1, 0, 0)) return 0;
  return end + 2;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9;
}
