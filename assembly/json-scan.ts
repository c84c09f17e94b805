/*
 * AssemblyScript: one pass over a JSON value that checks its grammar and notes the slices that a trie of paths asks for.
 * `src/model/json-scan.ts` says what is noted, and does the same in JavaScript; a property test compares the two.
 * Positions are addresses, and those that are noted count from the text's start.
 */
import { same } from './bytes';
import { skip, skipEscape, skipSpace } from './json-bytes';
import { forgetBlock, plainEnd } from './string-stops';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;

/** Of src/model/json-trie.ts. */
const IGNORE: u32 = 1;
const PRUNE: u32 = 2;
const REDACT: u32 = 4;
/** A path goes on below. */
const INNER: u32 = 8;

/** Of src/model/edit-list.ts. */
const CUT: u32 = 0;
const MASK: u32 = 1;

/*
 * A node of a trie, as src/model/loaded-trie.ts writes it: slot, flags, what holds for all else, list of indexes, how many
 * lengths follow, and for each length of a key the first child that has it. A child: the next one of that length, its key, its
 * node, the container that it was last met in. An index: the next one, itself, its node. All are 32 bits, 0 for none.
 */
const FLAGS: usize = 4;
const ANY: usize = 8;
const INDEXES: usize = 12;
const LENGTHS: usize = 16;
const CHILDREN: usize = 20;
const CHILD_KEY: usize = 4;
const CHILD_NODE: usize = 8;
const CHILD_SEEN: usize = 12;
const INDEX: usize = 4;
const INDEX_NODE: usize = 8;

/** Room for tries. */
const TRIES: usize = memory.data(65_536, 16);
/** Whether a key is unusual, how many cuts and edits there are; the slots (start, end), the cuts and the edits (start, end, kind). */
const RESULT: usize = memory.data(16, 16);
const SLOTS: usize = memory.data(1_024, 16);
const IGNORED: usize = memory.data(6_144, 16);
const EDITS: usize = memory.data(6_144, 16);
const LIST_BYTES: usize = 6_144;
const EDIT: usize = 12;

export function triePlace(): usize {
  return TRIES;
}

export function scanPlace(): usize {
  return RESULT;
}

export function slotPlace(): usize {
  return SLOTS;
}

export function ignoredPlace(): usize {
  return IGNORED;
}

export function editPlace(): usize {
  return EDITS;
}

/** One count for all scans, as they may share a trie. */
let containers: u32 = 0;
let text: usize = 0;
let room: i32 = 0;
let wanted: u32 = 0;
let stopped: bool = false;
let emptied: bool = false;
let unusual: bool = false;
/** A list had no room. */
let refused: bool = false;
/** Behind the last one of each list. */
let ignored: usize = IGNORED;
let edits: usize = EDITS;

/**
 * @param p at the first byte of the value
 * @param from the text's start
 * @param slots that are to be noted, at most 128
 * @param count stop as soon as so many slots are filled (0: read it all)
 * @returns the position behind the value (or where it stopped), 0 where it is not JSON, 1 where a list had no room
 */
export function scan(p: usize, end: usize, from: usize, trie: usize, slots: u32, count: u32): usize {
  for (let i: usize = 0; i < (<usize>slots) << 3; i += 16) v128.store(SLOTS + i, i8x16.splat(-1));
  forgetBlock();
  text = from;
  room = slots;
  wanted = count;
  stopped = unusual = refused = false;
  ignored = IGNORED;
  edits = EDITS;
  const behind = scanValue(p, end, trie);
  store<u32>(RESULT, unusual);
  store<u32>(RESULT, <u32>((ignored - IGNORED) / EDIT), 4);
  store<u32>(RESULT, <u32>((edits - EDITS) / EDIT), 8);
  return refused ? 1 : behind;
}

function scanValue(p: usize, end: usize, node: usize): usize {
  emptied = false;
  if ((load<u32>(node, FLAGS) & INNER) !== 0 && p < end) {
    const c: u32 = load<u8>(p);
    if (c === OPEN_BRACE) return scanObject(p + 1, end, node);
    if (c === OPEN_BRACKET) return scanArray(p + 1, end, node);
  }
  return skip(p, end);
}

function scanObject(p: usize, end: usize, parent: usize): usize {
  const container = ++containers;
  let keptHashed = false;
  let keptOut = false;
  p = skipSpace(p, end);
  if (p < end && load<u8>(p) === CLOSE_BRACE) return p + 1;
  let previousEnd = p;
  while (true) {
    if (p >= end || load<u8>(p) !== QUOTE) return 0;
    const keyStart = p++;
    let keyEnd = plainEnd(p, end);
    if (load<u8>(keyEnd) !== QUOTE) keyEnd = escapedKeyEnd(keyEnd, end);
    if (keyEnd >= end || keyEnd === 0) return 0;
    const child = findChild(parent, p, keyEnd);
    let node: usize = 0;
    if (child === 0) node = load<u32>(parent, ANY);
    else {
      if (load<u32>(child, CHILD_SEEN) === container) unusual = true;
      store<u32>(child, container, CHILD_SEEN);
      node = load<u32>(child, CHILD_NODE);
    }
    p = skipColon(keyEnd + 1, end);
    if (p === 0) return 0;
    if (node === 0) {
      p = skip(p, end);
      if (p === 0) return 0;
      keptHashed = keptOut = true;
    } else {
      const ignoredMark = ignored;
      const editMark = edits;
      const valueStart = p;
      p = scanValue(p, end, node);
      if (p === 0 || stopped || fill(node, valueStart, p)) return p;
      if ((load<u32>(node, FLAGS) & IGNORE) !== 0 || emptied) {
        ignored = ignoredMark;
        ignore(keptHashed ? previousEnd : keyStart, keptHashed ? p : behindComma(p, end));
      } else keptHashed = true;
      keptOut = edit(node, editMark, keptOut, previousEnd, keyStart, valueStart, p, end);
    }
    previousEnd = p;
    if (p < end && load<u8>(p) <= 0x20) p = skipSpace(p, end);
    if (p >= end) return 0;
    const c: u32 = load<u8>(p);
    if (c === CLOSE_BRACE) {
      emptied = !keptHashed;
      return p + 1;
    }
    if (c !== COMMA) return 0;
    p = skipSpace(p + 1, end);
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}

function scanArray(p: usize, end: usize, parent: usize): usize {
  let keptHashed = false;
  let keptOut = false;
  p = skipSpace(p, end);
  if (p < end && load<u8>(p) === CLOSE_BRACKET) return p + 1;
  let previousEnd = p;
  for (let i: u32 = 0; ; i++) {
    const node = findIndex(parent, i);
    if (node === 0) {
      p = skip(p, end);
      if (p === 0) return 0;
      keptHashed = keptOut = true;
    } else {
      const ignoredMark = ignored;
      const editMark = edits;
      const valueStart = p;
      p = scanValue(p, end, node);
      if (p === 0 || stopped || fill(node, valueStart, p)) return p;
      // An element of which nothing is left still counts as an element.
      if ((load<u32>(node, FLAGS) & IGNORE) !== 0) {
        ignored = ignoredMark;
        ignore(keptHashed ? previousEnd : valueStart, keptHashed ? p : behindComma(p, end));
      } else keptHashed = true;
      keptOut = edit(node, editMark, keptOut, previousEnd, valueStart, valueStart, p, end);
    }
    previousEnd = p;
    p = skipSpace(p, end);
    if (p >= end) return 0;
    const c: u32 = load<u8>(p);
    if (c === CLOSE_BRACKET) {
      emptied = !keptHashed;
      return p + 1;
    }
    if (c !== COMMA) return 0;
    p = skipSpace(p + 1, end);
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}

/** @param p at what is none of the plain bytes of a key. @returns where its quote is; 0 where there is none */
function escapedKeyEnd(p: usize, end: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c === QUOTE) return p;
    if (c !== BACKSLASH) return 0;
    unusual = true;
    p = skipEscape(p + 1, end);
    if (p === 0) return 0;
    p = plainEnd(p, end);
  }
  return 0;
}

/** A colon and the white space around it. */
function skipColon(p: usize, end: usize): usize {
  if (load<u8>(p) === COLON && load<u8>(p + 1) > 0x20) return p + 1;
  p = skipSpace(p, end);
  return p >= end || load<u8>(p) !== COLON ? 0 : skipSpace(p + 1, end);
}

function findChild(parent: usize, key: usize, keyEnd: usize): usize {
  const length = keyEnd - key;
  if (length >= load<u32>(parent, LENGTHS)) return 0;
  let child: usize = load<u32>(parent + (length << 2), CHILDREN);
  while (child !== 0 && !same(key, load<u32>(child, CHILD_KEY), length)) child = load<u32>(child);
  return child;
}

function findIndex(parent: usize, i: u32): usize {
  let at: usize = load<u32>(parent, INDEXES);
  while (at !== 0 && load<u32>(at, INDEX) !== i) at = load<u32>(at);
  return load<u32>(at === 0 ? parent + ANY : at + INDEX_NODE);
}

/** Fills the node's slot. @returns whether that was the last slot wanted */
function fill(node: usize, start: usize, end: usize): bool {
  const slot = load<i32>(node);
  if (slot < 0) return false;
  if (slot < room) {
    store<u32>(SLOTS + ((<usize>slot) << 3), <u32>(start - text));
    store<u32>(SLOTS + ((<usize>slot) << 3), <u32>(end - text), 4);
  }
  if (wanted > 0 && --wanted === 0) stopped = true;
  return stopped;
}

function ignore(start: usize, end: usize): void {
  if (ignored === IGNORED + LIST_BYTES) refused = true;
  else {
    note(ignored, start, end, CUT);
    ignored += EDIT;
  }
}

function note(at: usize, start: usize, end: usize, kind: u32): void {
  store<u32>(at, <u32>(start - text));
  store<u32>(at, <u32>(end - text), 4);
  store<u32>(at, kind, 8);
}

/** Notes a cut or a mask, in place of edits inside it. @returns whether something of this container is kept up to here */
function edit(
  node: usize,
  mark: usize,
  kept: bool,
  previousEnd: usize,
  memberStart: usize,
  valueStart: usize,
  valueEnd: usize,
  end: usize,
): bool {
  const flags = load<u32>(node, FLAGS);
  if ((flags & (PRUNE | REDACT)) === 0) return true;
  edits = mark;
  if (edits === EDITS + LIST_BYTES) refused = true;
  else {
    if ((flags & PRUNE) === 0) note(edits, valueStart, valueEnd, MASK);
    else note(edits, kept ? previousEnd : memberStart, kept ? valueEnd : behindComma(valueEnd, end), CUT);
    edits += EDIT;
  }
  return (flags & PRUNE) === 0 || kept;
}

/** Behind the comma that follows, or here where none does. */
function behindComma(p: usize, end: usize): usize {
  const at = skipSpace(p, end);
  return at < end && load<u8>(at) === COMMA ? at + 1 : p;
}
