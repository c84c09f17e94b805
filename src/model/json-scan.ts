import { CUT, EditList, MASK } from './edit-list.ts';
import { skipColon, skipEscape, skipSpace, skipValue } from './json-skip.ts';
import { findChild, IGNORE, PRUNE, REDACT, type TrieNode } from './json-trie.ts';
import { addressOf, scanLoaded } from './loaded-text.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Container numbers wrap here, so that they stay small integers. A false match only costs a parse. */
const CONTAINERS = 0x3fffffff;
/** One count for all scans, as they may share a trie. */
let containers = 0;

/**
 * One pass over a JSON value that checks its grammar and notes the slices that a trie of paths asks for. The result stays
 * in this object until the next pass; positions count from the start of the bytes that were given.
 */
export class JsonScan {
  /** What IGNORE asks for: cuts, each with its key and comma. A container of which nothing is left is cut as a whole. */
  readonly ignored = new EditList();
  /** What PRUNE and REDACT ask for. */
  readonly edits = new EditList();
  /**
   * A key on the way to a path is written with escapes, or stands twice: slices may be missing or not be the ones that
   * a parser would take. Normalise the text (`normalise`) and scan again with `trusted`.
   */
  unusual = false;
  /** Start and end of each. */
  readonly slots: Int32Array;
  #wanted = 0;
  #stopped = false;
  #emptied = false;

  constructor(slots: number) {
    this.slots = new Int32Array(slots * 2);
  }

  /** Where the value of a slot starts; -1 where it was not met. */
  start(slot: number): number {
    return this.slots[slot * 2] as number;
  }

  /** Behind the last byte of the value of a slot; -1 where it was not met. */
  end(slot: number): number {
    return this.slots[slot * 2 + 1] as number;
  }

  /**
   * @param p at the first byte of the value
   * @param wanted stop as soon as so many slots are filled (0: read it all). What stands behind is then not checked.
   * @returns the position behind the value (or where it stopped), or -1 where it is not valid JSON
   */
  run(b: Uint8Array, p: number, end: number, trie: TrieNode, wanted = 0): number {
    const address = addressOf(b);
    if (address !== 0) {
      const behind = scanLoaded(address, p, end, trie, wanted, this);
      if (behind !== undefined) return behind;
    }
    this.slots.fill(-1);
    this.ignored.length = 0;
    this.edits.length = 0;
    this.unusual = false;
    this.#wanted = wanted;
    this.#stopped = false;
    return this.#value(b, p, end, trie);
  }

  #value(b: Uint8Array, p: number, end: number, node: TrieNode): number {
    this.#emptied = false;
    if (node.inner && p < end) {
      if (b[p] === OPEN_BRACE) return this.#object(b, p + 1, end, node);
      if (b[p] === OPEN_BRACKET) return this.#array(b, p + 1, end, node);
    }
    return skipValue(b, p, end);
  }

  #object(b: Uint8Array, p: number, end: number, parent: TrieNode): number {
    containers = (containers + 1) & CONTAINERS;
    const container = containers;
    let keptHashed = false;
    let keptOut = false;
    p = skipSpace(b, p, end);
    if (p < end && b[p] === CLOSE_BRACE) return p + 1;
    let previousEnd = p;
    for (;;) {
      if (p >= end || b[p] !== QUOTE) return -1;
      const keyStart = p++;
      let c = 0;
      for (; p < end; p++) {
        c = b[p] as number;
        if (c === QUOTE || c < 0x20) break;
        if (c !== BACKSLASH) continue;
        this.unusual = true;
        p = skipEscape(b, p + 1, end) - 1;
        if (p < 0) return -1;
      }
      if (p >= end || c !== QUOTE) return -1;
      const child = findChild(parent, b, keyStart + 1, p);
      let node = parent.any;
      if (child !== undefined) {
        if (child.seenIn === container) this.unusual = true;
        child.seenIn = container;
        node = child.node;
      }
      p = skipColon(b, p + 1, end);
      if (p < 0) return -1;
      if (node === undefined) {
        p = skipValue(b, p, end);
        if (p < 0) return -1;
        keptHashed = true;
        keptOut = true;
      } else {
        const ignoredMark = this.ignored.length;
        const editMark = this.edits.length;
        const valueStart = p;
        p = this.#value(b, p, end, node);
        if (p < 0 || this.#stopped || this.#fill(node, valueStart, p)) return p;
        if (node.flags & IGNORE || this.#emptied) {
          this.ignored.length = ignoredMark;
          this.ignored.push(keptHashed ? previousEnd : keyStart, keptHashed ? p : behindComma(b, p, end), CUT);
        } else keptHashed = true;
        keptOut = this.#edit(b, node, editMark, keptOut, previousEnd, keyStart, valueStart, p, end);
      }
      previousEnd = p;
      if (p < end && (b[p] as number) <= 0x20) p = skipSpace(b, p, end);
      if (p >= end) return -1;
      if (b[p] === CLOSE_BRACE) {
        this.#emptied = !keptHashed;
        return p + 1;
      }
      if (b[p] !== COMMA) return -1;
      p = skipSpace(b, p + 1, end);
    }
  }

  #array(b: Uint8Array, p: number, end: number, parent: TrieNode): number {
    let keptHashed = false;
    let keptOut = false;
    p = skipSpace(b, p, end);
    if (p < end && b[p] === CLOSE_BRACKET) return p + 1;
    let previousEnd = p;
    for (let i = 0; ; i++) {
      const node = parent.indexes?.get(i) ?? parent.any;
      if (node === undefined) {
        p = skipValue(b, p, end);
        if (p < 0) return -1;
        keptHashed = true;
        keptOut = true;
      } else {
        const ignoredMark = this.ignored.length;
        const editMark = this.edits.length;
        const valueStart = p;
        p = this.#value(b, p, end, node);
        if (p < 0 || this.#stopped || this.#fill(node, valueStart, p)) return p;
        // An element of which nothing is left still counts as an element.
        if (node.flags & IGNORE) {
          this.ignored.length = ignoredMark;
          this.ignored.push(keptHashed ? previousEnd : valueStart, keptHashed ? p : behindComma(b, p, end), CUT);
        } else keptHashed = true;
        keptOut = this.#edit(b, node, editMark, keptOut, previousEnd, valueStart, valueStart, p, end);
      }
      previousEnd = p;
      p = skipSpace(b, p, end);
      if (p >= end) return -1;
      if (b[p] === CLOSE_BRACKET) {
        this.#emptied = !keptHashed;
        return p + 1;
      }
      if (b[p] !== COMMA) return -1;
      p = skipSpace(b, p + 1, end);
    }
  }

  /** Fills the node's slot. @returns whether that was the last slot wanted */
  #fill(node: TrieNode, start: number, end: number): boolean {
    if (node.slot < 0) return false;
    const at = node.slot * 2;
    this.slots[at] = start;
    this.slots[at + 1] = end;
    if (this.#wanted > 0 && --this.#wanted === 0) this.#stopped = true;
    return this.#stopped;
  }

  /** Notes a cut or a mask, in place of edits inside it. @returns whether something of this container is kept up to here */
  #edit(
    b: Uint8Array,
    node: TrieNode,
    mark: number,
    kept: boolean,
    previousEnd: number,
    memberStart: number,
    valueStart: number,
    valueEnd: number,
    end: number,
  ): boolean {
    if (node.flags & PRUNE) {
      this.edits.length = mark;
      this.edits.push(kept ? previousEnd : memberStart, kept ? valueEnd : behindComma(b, valueEnd, end), CUT);
      return kept;
    }
    if (node.flags & REDACT) {
      this.edits.length = mark;
      this.edits.push(valueStart, valueEnd, MASK);
    }
    return true;
  }
}

/** Behind the comma that follows, or here where none does. */
function behindComma(b: Uint8Array, p: number, end: number): number {
  const at = skipSpace(b, p, end);
  return at < end && b[at] === COMMA ? at + 1 : p;
}
