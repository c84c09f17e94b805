/*
 * AssemblyScript: writes JSON as JSON.stringify would, of text that it would write in no other way; else nothing that was
 * written counts.
 */

import { forgetMembers, isPlain, membersEnd, noteMember, plainKeyEnd } from './json-members';
import { skipTrusted } from './skip-trusted';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
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
  if (length > 0 && <u32>load<u8>(key) - 0x30 <= 9) return refuse();
  store<u8>(out, <u8>(out === start ? OPEN_BRACE : COMMA));
  memory.copy(out + 1, key - 1, length + 2);
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
  if (depth > MAX_DEPTH) return <usize>refuse();
  const c: u32 = load<u8>(p);
  if (c === OPEN_BRACE) return putObject(p, bare, depth);
  if (c === OPEN_BRACKET) return putList(p, depth);
  if (!isPlain(p)) return <usize>refuse();
  const end = skipTrusted(p, usize.MAX_VALUE);
  if (end === 0) return <usize>refuse();
  memory.copy(out, p, end - p);
  out += end - p;
  return end;
}

function putList(p: usize, depth: u32): usize {
  store<u8>(out++, <u8>OPEN_BRACKET);
  p++;
  if (load<u8>(p) === CLOSE_BRACKET) {
    store<u8>(out++, <u8>CLOSE_BRACKET);
    return p + 1;
  }
  while (true) {
    p = put(p, false, depth + 1);
    if (p === 0) return 0;
    const next: u32 = load<u8>(p++);
    if (next !== COMMA && next !== CLOSE_BRACKET) return <usize>refuse();
    store<u8>(out++, <u8>next);
    if (next === CLOSE_BRACKET) return p;
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}

function putObject(p: usize, bare: bool, depth: u32): usize {
  const start = out;
  const told = membersEnd();
  p++;
  if (load<u8>(p) === CLOSE_BRACE) {
    store<u16>(out, 0x7d7b);
    out += 2;
    return p + 1;
  }
  while (true) {
    if (load<u8>(p) !== QUOTE) return <usize>refuse();
    const key = p + 1;
    const keyEnd = plainKeyEnd(key, usize.MAX_VALUE);
    if (keyEnd === 0 || load<u8>(keyEnd + 1) !== COLON) return <usize>refuse();
    const length = keyEnd - key;
    if (!noteMember(told, key, length, 0, 0)) return <usize>refuse();
    p = keyEnd + 2;
    if (bare && load<u8>(p) === LETTER_N) p += 4;
    else {
      if (!putKey(start, key, length)) return 0;
      p = put(p, bare, depth + 1);
      if (p === 0) return 0;
    }
    const next: u32 = load<u8>(p++);
    if (next === CLOSE_BRACE) break;
    if (next !== COMMA) return <usize>refuse();
  }
  forgetMembers(told);
  if (close(start) === 0) {
    store<u16>(out, 0x7d7b);
    out += 2;
  }
  return p;
}
