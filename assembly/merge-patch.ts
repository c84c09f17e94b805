/*
 * AssemblyScript: the JSON Merge Patch of src/transform/diff.ts for the texts that API servers write, byte for byte what is
 * made there. Whatever is not compact, has a key with escapes, of two members of one key, or a number or a string that
 * JSON.stringify would write in another way, is left to it. Positions are addresses.
 */

import { common, min, same } from './bytes';
import {
  find,
  forgetAllMembers,
  forgetMembers,
  isNoted,
  isPlain,
  isSameValue,
  MEMBER,
  membersEnd,
  noteMember,
  noteMembers,
  plainKeyEnd,
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

let beforeEnd: usize = 0;
let afterEnd: usize = 0;
/** Up to here in `after` nothing differs from what lies as far behind in `before` as the place that was last asked for. */
let equalTo: usize = 0;
let distance: usize = 0;
/** Behind the two values that were compared last. */
let behindBefore: usize = 0;
let behindAfter: usize = 0;

/**
 * @param to room for the length of `after` and twice that of `before`
 * @returns the length of the patch, 0 where there is no difference, -1 where diff.ts has to make it
 */
export function mergePatch(before: usize, endOfBefore: usize, after: usize, endOfAfter: usize, to: usize): i32 {
  forgetAllMembers();
  beginWriting(to);
  beforeEnd = endOfBefore;
  afterEnd = endOfAfter;
  equalTo = 0;
  if (load<u8>(before) !== OPEN_BRACE || load<u8>(after) !== OPEN_BRACE) return -1;
  const changed = mergeTexts(before, after, 0);
  return isRefused() ? -1 : changed ? <i32>(written() - to) : 0;
}

function refuseAlike(): i32 {
  refuse();
  return -1;
}

/** Up to where in `after` the two texts are the same from here. */
function equalFrom(b: usize, a: usize): usize {
  if (a >= equalTo || a - b !== distance) {
    distance = a - b;
    equalTo = a + common(b, a, min(beforeEnd - b, afterEnd - a));
  }
  return equalTo;
}

/** Two objects. @returns whether anything was written, which then is the patch of one to the other */
function mergeTexts(b: usize, a: usize, depth: u32): bool {
  const start = written();
  const mark = membersEnd();
  if (depth < MAX_TEXT_DEPTH) {
    const alike = mergeAlike(b, a, depth);
    forgetMembers(mark);
    if (alike >= 0) return alike > 0;
    rewind(start);
    if (isRefused()) return false;
  }
  return mergeMembers(b, a, depth);
}

/**
 * Objects with the same keys in the same order. Values are stepped over as far as the texts are the same, so that one that
 * differs is not gone through before it is looked into.
 * @returns -1 where they are not that, else whether anything was written
 */
function mergeAlike(b: usize, a: usize, depth: u32): i32 {
  const told = membersEnd();
  const start = written();
  b++;
  a++;
  if (load<u8>(a) === CLOSE_BRACE) {
    behindBefore = b + 1;
    behindAfter = a + 1;
    return load<u8>(b) === CLOSE_BRACE ? 0 : -1;
  }
  while (true) {
    if (load<u8>(a) !== QUOTE) return refuseAlike();
    const key = a + 1;
    const keyEnd = plainKeyEnd(key, afterEnd);
    if (keyEnd === 0 || load<u8>(keyEnd + 1) !== COLON) return refuseAlike();
    const value = keyEnd + 2;
    if (equalFrom(b, a) < value) return -1;
    b += value - a;
    if (load<u8>(value) <= 0x20 || load<u8>(b) <= 0x20) return refuseAlike();
    if (isNoted(told, key, keyEnd - key)) return -1;
    const equal = equalFrom(b, value);
    a = skipTrusted(value, equal);
    // A number ends only where something else stands behind it.
    if (a !== 0 && a < equal) b += a - value;
    else {
      if (!noteMember(told, key, keyEnd - key, 0, 0)) return refuseAlike();
      mergeMember(start, key, keyEnd - key, b, value, depth);
      if (isRefused()) return -1;
      b = behindBefore;
      a = behindAfter;
    }
    const next: u32 = load<u8>(a);
    if (next !== COMMA && next !== CLOSE_BRACE) return refuseAlike();
    if (next !== load<u8>(b)) return -1;
    a++;
    b++;
    if (next === CLOSE_BRACE) {
      behindBefore = b;
      behindAfter = a;
      return close(start);
    }
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return -1;
}

/** A member that both have. @param start where the object around it begins */
function mergeMember(start: usize, key: usize, keyLength: usize, b: usize, a: usize, depth: u32): void {
  const mark = written();
  if (!putKey(start, key, keyLength)) return;
  if (load<u8>(a) === LETTER_N) {
    putNull();
    behind(skipTrusted(b, beforeEnd), a + 4);
  } else if (load<u8>(b) === LETTER_N) behind(b + 4, put(a, true, depth + 1));
  else if (!mergeValues(b, a, depth + 1, true)) rewind(mark);
}

function behind(b: usize, a: usize): void {
  if (b === 0 || a === 0) refuse();
  behindBefore = b;
  behindAfter = a;
}

/** @param texts compare objects member by member as long as they have the same keys */
function mergeValues(b: usize, a: usize, depth: u32, texts: bool): bool {
  if (depth > MAX_DEPTH) return refuse();
  if (load<u8>(a) !== OPEN_BRACE) {
    const bEnd = skipTrusted(b, beforeEnd);
    const aEnd = skipTrusted(a, afterEnd);
    behind(bEnd, aEnd);
    if (isRefused()) return false;
    const mark = membersEnd();
    const equal = equals(b, bEnd, a, aEnd, depth);
    forgetMembers(mark);
    if (equal || isRefused()) return false;
    put(a, true, depth);
    return true;
  }
  if (load<u8>(b) !== OPEN_BRACE) {
    behind(skipTrusted(b, beforeEnd), put(a, true, depth));
    return true;
  }
  return texts ? mergeTexts(b, a, depth) : mergeMembers(b, a, depth);
}

/** Objects of any keys. */
function mergeMembers(b: usize, a: usize, depth: u32): bool {
  if (depth > MAX_DEPTH) return refuse();
  const start = written();
  const mark = membersEnd();
  const bEnd = noteMembers(b, beforeEnd);
  const middle = membersEnd();
  const aEnd = noteMembers(a, afterEnd);
  const end = membersEnd();
  if (bEnd === 0 || aEnd === 0) return refuse();
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
    if (!mergeValues(valueStart(old), value, depth + 1, false)) rewind(place);
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
  behind(bEnd, aEnd);
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
  if (noteMembers(b, bEnd) === 0) return refuse();
  const middle = membersEnd();
  if (noteMembers(a, aEnd) === 0) return refuse();
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
