/*
 * AssemblyScript: the JSON Merge Patch of src/transform/diff.ts for the texts that API servers write, byte for byte what is
 * made there. Whatever is not compact, has a key with escapes, of two members of one key, or a number or a string that
 * JSON.stringify would write in another way, is left to it. Positions are addresses.
 */

import {
  common,
  find,
  forgetAllMembers,
  forgetMembers,
  isNoted,
  isPlain,
  isSameValue,
  MEMBER,
  membersEnd,
  min,
  noteMember,
  noteMembers,
  plainKeyEnd,
  same,
  valueEnd,
  valueStart,
} from './json-members';
import {
  beginWriting,
  close,
  isRefused,
  MAX_DEPTH,
  put,
  putKey,
  putNull,
  refuse,
  rewind,
  written,
} from './json-writer';
import { skipTrusted } from './skip-trusted';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
const LETTER_N: u32 = 0x6e;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;

/** As MAX_TEXT_DEPTH of diff.ts: deeper objects have what has gone from them behind what has changed. */
const MAX_TEXT_DEPTH: u32 = 4;

/**
 * @param to room for the length of `after` and twice that of `before`
 * @returns the length of the patch, 0 where there is no difference, -1 where diff.ts has to make it
 */
export function mergePatch(before: usize, beforeEnd: usize, after: usize, afterEnd: usize, to: usize): i32 {
  forgetAllMembers();
  beginWriting(to);
  if (load<u8>(before) !== OPEN_BRACE || load<u8>(after) !== OPEN_BRACE) return -1;
  const changed = mergeTexts(before, beforeEnd, after, afterEnd, 0);
  return isRefused() ? -1 : changed ? <i32>(written() - to) : 0;
}

function refuseAlike(): i32 {
  refuse();
  return -1;
}

/** Two objects. @returns whether anything was written, which then is the patch of one to the other */
function mergeTexts(before: usize, beforeEnd: usize, after: usize, afterEnd: usize, depth: u32): bool {
  const start = written();
  const mark = membersEnd();
  if (depth < MAX_TEXT_DEPTH) {
    const alike = mergeAlike(before, beforeEnd, after, afterEnd, depth);
    forgetMembers(mark);
    if (alike >= 0) return alike > 0;
    rewind(start);
    if (isRefused()) return false;
  }
  return mergeMembers(before, beforeEnd, after, afterEnd, depth);
}

/** Objects with the same keys in the same order. @returns -1 where they are not that, else whether anything was written */
function mergeAlike(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32): i32 {
  const told = membersEnd();
  const start = written();
  /** As far from here nothing differs. */
  let equalTo = a;
  b++;
  a++;
  if (load<u8>(a) === CLOSE_BRACE) {
    if (load<u8>(b) !== CLOSE_BRACE) return -1;
    return 0;
  }
  while (true) {
    if (load<u8>(a) !== QUOTE) return refuseAlike();
    const keyEnd = plainKeyEnd(a + 1, aEnd);
    if (keyEnd === 0) return refuseAlike();
    const keyLength = keyEnd - a;
    // Quotes and colon included.
    if (load<u8>(keyEnd + 1) !== COLON) return refuseAlike();
    if (!same(b, a, keyLength + 2)) return -1;
    const key = a + 1;
    a += keyLength + 2;
    b += keyLength + 2;
    if (load<u8>(a) <= 0x20 || load<u8>(b) <= 0x20) return refuseAlike();
    const aValueEnd = skipTrusted(a, aEnd);
    if (aValueEnd === 0) return refuseAlike();
    const next: u32 = load<u8>(aValueEnd);
    if (next !== COMMA && next !== CLOSE_BRACE) return refuseAlike();
    if (isNoted(told, key, keyLength - 1)) return -1;
    const length = aValueEnd - a;
    if (aValueEnd < equalTo || (same(b, a, length) && load<u8>(b + length) === next)) b += length;
    else {
      const bValueEnd = skipTrusted(b, bEnd);
      if (bValueEnd === 0) return refuseAlike();
      if (!noteMember(told, key, keyLength - 1, 0, 0)) return refuseAlike();
      mergeMember(start, key, keyLength - 1, b, bValueEnd, a, aValueEnd, depth);
      if (isRefused()) return -1;
      b = bValueEnd;
      if (load<u8>(b) !== next) return -1;
      equalTo = aValueEnd + common(b, aValueEnd, min(bEnd - b, aEnd - aValueEnd));
    }
    a = aValueEnd;
    if (next === CLOSE_BRACE) return close(start);
    a++;
    b++;
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return -1;
}

/** A member that both have. @param start where the object around it begins */
function mergeMember(
  start: usize,
  key: usize,
  keyLength: usize,
  b: usize,
  bEnd: usize,
  a: usize,
  aEnd: usize,
  depth: u32,
): void {
  const mark = written();
  if (!putKey(start, key, keyLength)) return;
  if (load<u8>(a) === LETTER_N) putNull();
  else if (load<u8>(b) === LETTER_N) put(a, true, depth + 1);
  else if (!mergeValues(b, bEnd, a, aEnd, depth + 1, true)) rewind(mark);
}

/** @param texts compare objects member by member as long as they have the same keys */
function mergeValues(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32, texts: bool): bool {
  if (depth > MAX_DEPTH) return refuse();
  if (load<u8>(a) !== OPEN_BRACE) {
    const mark = membersEnd();
    const equal = equals(b, bEnd, a, aEnd, depth);
    forgetMembers(mark);
    if (equal || isRefused()) return false;
    put(a, true, depth);
    return true;
  }
  if (load<u8>(b) !== OPEN_BRACE) {
    put(a, true, depth);
    return true;
  }
  return texts ? mergeTexts(b, bEnd, a, aEnd, depth) : mergeMembers(b, bEnd, a, aEnd, depth);
}

/** Objects of any keys. */
function mergeMembers(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32): bool {
  if (depth > MAX_DEPTH) return refuse();
  const start = written();
  const mark = membersEnd();
  if (!noteMembers(b, bEnd)) return refuse();
  const middle = membersEnd();
  if (!noteMembers(a, aEnd)) return refuse();
  const end = membersEnd();
  let hint = mark;
  for (let m = middle; m < end && !isRefused(); m += MEMBER) {
    const value = valueStart(m);
    if (load<u8>(value) === LETTER_N) continue;
    const old = find(mark, middle, hint, m);
    const place = written();
    if (old === 0 || load<u8>(valueStart(old)) === LETTER_N) {
      if (putKey(start, load<u32>(m), load<u32>(m, 4))) put(value, true, depth + 1);
      if (old !== 0) hint = old + MEMBER;
      continue;
    }
    hint = old + MEMBER;
    if (isSameValue(old, m)) continue;
    if (!putKey(start, load<u32>(m), load<u32>(m, 4))) break;
    if (!mergeValues(valueStart(old), valueEnd(old), value, valueEnd(m), depth + 1, false)) rewind(place);
  }
  hint = middle;
  for (let m = mark; m < middle && !isRefused(); m += MEMBER) {
    if (load<u8>(valueStart(m)) === LETTER_N) continue;
    const now = find(middle, end, hint, m);
    if (now !== 0) {
      hint = now + MEMBER;
      if (load<u8>(valueStart(now)) !== LETTER_N) continue;
    }
    if (putKey(start, load<u32>(m), load<u32>(m, 4))) putNull();
  }
  forgetMembers(mark);
  return !isRefused() && close(start) > 0;
}

/** Members that are null count as absent. Says anything where it refuses. */
function equals(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32): bool {
  if (depth > MAX_DEPTH) return refuse();
  const first: u32 = load<u8>(a);
  if (first !== load<u8>(b)) {
    // A number has several first bytes.
    if (!isPlain(a) || !isPlain(b)) refuse();
    return false;
  }
  if (first === OPEN_BRACKET) return equalLists(b, bEnd, a, aEnd, depth);
  if (first === OPEN_BRACE) return equalObjects(b, bEnd, a, aEnd, depth);
  if (!isPlain(a) || !isPlain(b)) return refuse();
  return aEnd - a === bEnd - b && same(b, a, aEnd - a);
}

function equalLists(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32): bool {
  a++;
  b++;
  if (load<u8>(a) <= 0x20 || load<u8>(b) <= 0x20) return refuse();
  const empty = load<u8>(a) === CLOSE_BRACKET;
  if (empty || load<u8>(b) === CLOSE_BRACKET) return empty && load<u8>(b) === CLOSE_BRACKET;
  while (true) {
    const aItemEnd = skipTrusted(a, aEnd);
    const bItemEnd = skipTrusted(b, bEnd);
    if (aItemEnd === 0 || bItemEnd === 0) return refuse();
    const identical = aItemEnd - a === bItemEnd - b && same(b, a, aItemEnd - a);
    if (!identical && !equals(b, bItemEnd, a, aItemEnd, depth + 1)) return false;
    const next: u32 = load<u8>(aItemEnd);
    const bNext: u32 = load<u8>(bItemEnd);
    if (next <= 0x20 || bNext <= 0x20) return refuse();
    if (next !== bNext) return false;
    if (next === CLOSE_BRACKET) return true;
    a = aItemEnd + 1;
    b = bItemEnd + 1;
    if (load<u8>(a) <= 0x20 || load<u8>(b) <= 0x20) return refuse();
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return false;
}

function equalObjects(b: usize, bEnd: usize, a: usize, aEnd: usize, depth: u32): bool {
  const mark = membersEnd();
  if (!noteMembers(b, bEnd)) return refuse();
  const middle = membersEnd();
  if (!noteMembers(a, aEnd)) return refuse();
  const end = membersEnd();
  let equal = true;
  let hint = middle;
  for (let m = mark; m < middle && equal; m += MEMBER) {
    const now = find(middle, end, hint, m);
    if (now === 0) equal = load<u8>(valueStart(m)) === LETTER_N;
    else {
      hint = now + MEMBER;
      equal = isSameValue(m, now) || equals(valueStart(m), valueEnd(m), valueStart(now), valueEnd(now), depth + 1);
    }
  }
  hint = mark;
  for (let m = middle; m < end && equal; m += MEMBER) {
    const old = find(mark, middle, hint, m);
    if (old === 0) equal = load<u8>(valueStart(m)) === LETTER_N;
    else hint = old + MEMBER;
  }
  forgetMembers(mark);
  return equal;
}
