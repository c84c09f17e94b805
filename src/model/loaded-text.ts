import { instantiate } from './assembly.ts';
import type { EditList } from './edit-list.ts';
import type { TrieNode } from './json-trie.ts';
import { trieWords } from './loaded-trie.ts';
import { pagesFor } from './web-assembly.ts';

/*
 * The texts that this thread is working on, in the memory of a WebAssembly module (assembly/), whose instructions for 16
 * bytes at once step over JSON in half the time of JavaScript, the copy included. The memory is laid out as
 *
 *     dictionary | encoded | before | after | text | scratch
 *
 * All but the last two have room for what is usual; what is larger is worked on where it is, in JavaScript. Only `loadText`
 * makes the memory grow, which would take the views away under whoever uses them.
 */
const wasm = instantiate();
/** Zero bytes behind a text: what is read on behind its end stops there. */
const SLACK = 32;
/** Of the room beside the text, more than its length. */
const MORE = 4096;
/** The memory never shrinks. */
const MAX_TEXT = 4 * 1024 * 1024;
const MAX_OBJECT = 128 * 1024;
const MAX_DICTIONARY = 16 * 1024;
const DICTIONARY = wasm.base();
const ENCODED = DICTIONARY + MAX_DICTIONARY + SLACK;
const BEFORE = ENCODED + 3 * MAX_OBJECT + 64;
const AFTER = BEFORE + MAX_OBJECT + SLACK;
const TEXT = AFTER + MAX_OBJECT + SLACK;
/** Room in the module: for tries in bytes, for slots, and for edits of either list. */
const MAX_TRIES = 65_536;
const MAX_SLOTS = 128;
const MAX_EDITS = 512;
const TRIES = wasm.triePlace();
/** As indexes of `words`. */
const COUNTS = wasm.scanPlace() / 4;
const SLOTS = wasm.slotPlace() / 4;
const IGNORED = wasm.ignoredPlace() / 4;
const EDITS = wasm.editPlace() / 4;
/** All of the memory. */
let all = Buffer.alloc(0);
let words = new Int32Array(all.buffer);
reserve(TEXT + MORE);

const NONE = Buffer.alloc(0);
let text: Buffer = NONE;
let before: Buffer = NONE;
let after: Buffer = NONE;
let scratch: Buffer = NONE;
let scratchStart = 0;
let dictionary: CodecDictionary | undefined;
let key: Uint8Array | undefined;
/** Where tries stand in the memory; 0 of those that have no room there. */
let tries = new WeakMap<TrieNode, number>();
let lastTrie: TrieNode | undefined;
let lastTriePlace = 0;
let triesEnd = TRIES;

/**
 * The text of one piece of work.
 * @returns a view of the copy, or of the text itself where it is large; valid until the next call. The functions of
 * json-skip.ts notice that they are given the former.
 */
export function loadText(bytes: Uint8Array): Buffer {
  const length = bytes.length;
  if (length > MAX_TEXT) {
    text = NONE;
    return Buffer.from(bytes.buffer, bytes.byteOffset, length);
  }
  scratchStart = (TEXT + length + SLACK + 15) & ~15;
  if (reserve(scratchStart + length + MORE + SLACK)) before = after = NONE;
  text = put(bytes, TEXT);
  scratch = all.subarray(scratchStart, scratchStart + length + MORE);
  return text;
}

/** Whether these are the bytes that `loadText` has given last. */
export function isLoaded(b: Uint8Array): boolean {
  return b === text;
}

/** What an object is now, for a comparison. @returns a view of a copy, or what was given; valid until the next call */
export function loadAfter(object: Buffer): Buffer {
  if (object === after || object.length > MAX_OBJECT) return object;
  after = put(object, AFTER);
  return after;
}

/** The address of a text that is in the memory, else 0. */
export function addressOf(b: Uint8Array): number {
  return b === text ? TEXT : b === after ? AFTER : b === before ? BEFORE : 0;
}

/** `skipValue` of json-skip.ts for a text that is in the memory. */
export function skipLoaded(address: number, p: number, end: number): number {
  const at = wasm.skipValue(address + p, address + end);
  return at === 0 ? -1 : at - address;
}

/** `skipTrusted` of json-skip.ts for a text that is in the memory. */
export function skipLoadedTrusted(address: number, p: number, end: number): number {
  const at = wasm.skipTrusted(address + p, address + end);
  return at === 0 ? -1 : at - address;
}

/** Room to put a part of the loaded text together, of its length and 4 KiB more. */
export function loadedScratch(): Buffer {
  return scratch;
}

/** What a pass notes: see json-scan.ts. */
export interface ScanResult {
  readonly slots: Int32Array;
  readonly ignored: EditList;
  readonly edits: EditList;
  unusual: boolean;
}

/**
 * `JsonScan.run` of json-scan.ts for a text that is in the memory.
 * @returns undefined where the trie, or what was found, has no room
 */
export function scanLoaded(
  address: number,
  p: number,
  end: number,
  trie: TrieNode,
  wanted: number,
  out: ScanResult,
): number | undefined {
  const { slots } = out;
  const place = trie === lastTrie ? lastTriePlace : placeOf(trie);
  if (place === 0 || slots.length > MAX_SLOTS * 2) return undefined;
  const at = wasm.scan(address + p, address + end, address, place, slots.length >> 1, wanted);
  if (at === 1) return undefined;
  for (let i = 0; i < slots.length; i++) slots[i] = words[SLOTS + i] as number;
  out.unusual = words[COUNTS] !== 0;
  out.ignored.read(words, IGNORED, words[COUNTS + 1] as number);
  out.edits.read(words, EDITS, words[COUNTS + 2] as number);
  return at === 0 ? -1 : at - address;
}

/** When there is no room left, those in use are put there anew. */
function placeOf(trie: TrieNode): number {
  let place = tries.get(trie);
  if (place === undefined) {
    let made = trieWords(trie, triesEnd);
    if (triesEnd + made.length * 4 > TRIES + MAX_TRIES) {
      tries = new WeakMap();
      triesEnd = TRIES;
      made = trieWords(trie, TRIES);
    }
    place = made.length * 4 > MAX_TRIES ? 0 : triesEnd;
    if (place !== 0) {
      words.set(made, place / 4);
      triesEnd += made.length * 4;
    }
    tries.set(trie, place);
  }
  lastTrie = trie;
  lastTriePlace = place;
  return place;
}

/**
 * The fingerprint (transform/fingerprint.ts) of a part of the loaded text without what is cut out of it.
 * @param lead as if it stood in front
 * @returns false where there is no room for the cuts
 */
export function fingerprintLoaded(
  start: number,
  end: number,
  cuts: EditList,
  lead: Uint8Array | undefined,
  out: { low: number; high: number },
): boolean {
  const count = cuts.length;
  if (count > MAX_EDITS) return false;
  cuts.write(words, IGNORED);
  if (lead !== undefined) all.set(lead, scratchStart);
  const behind = (IGNORED + count * 3) * 4;
  out.low = wasm.fingerprint(TEXT, TEXT + start, TEXT + end, IGNORED * 4, behind, scratchStart, lead?.length ?? 0);
  out.high = wasm.fingerprintHigh();
  return true;
}

/**
 * Writes one member of every object of a list of the loaded text to the room, as a list (assembly/pluck.ts).
 * @param wanted at most 256 bytes
 * @returns the position behind it in the room, -1 where it is no list of objects that have a text there
 */
export function pluckLoaded(start: number, end: number, wanted: Uint8Array, at: number): number {
  if (key !== wanted) all.set(wanted, wasm.keyPlace());
  key = wanted;
  const behind = wasm.pluck(TEXT + start, TEXT + end, wanted.length, scratchStart + at);
  return behind === 0 ? -1 : behind - scratchStart;
}

/** Of the codec of transform/sibling-codec.ts. */
export interface CodecDictionary {
  readonly bytes: Buffer;
  readonly places: Uint16Array;
}

/**
 * @param lead bytes to leave free in front
 * @returns a view, valid until the next call; undefined where there is no room for it
 */
export function encodeLoaded(object: Buffer, codec: CodecDictionary, lead: number): Buffer | undefined {
  if (object.length > MAX_OBJECT || !use(codec)) return undefined;
  loadAfter(object);
  const length = wasm.encode(AFTER, object.length, DICTIONARY, codec.bytes.length, ENCODED + lead);
  return all.subarray(ENCODED, ENCODED + lead + length);
}

/**
 * @param from where what was encoded begins
 * @returns a view, valid until the next call; false where it is damaged; undefined where there is no room for it
 */
export function decodeLoaded(
  packed: Buffer,
  from: number,
  codec: CodecDictionary,
  length: number,
): Buffer | false | undefined {
  if (length > MAX_OBJECT || packed.length > MAX_OBJECT || !use(codec)) return undefined;
  all.set(packed, ENCODED);
  if (wasm.decode(ENCODED + from, packed.length - from, DICTIONARY, codec.bytes.length, BEFORE, length) === 0)
    return false;
  clear(BEFORE + length);
  before = all.subarray(BEFORE, BEFORE + length);
  return before;
}

/**
 * The merge patch of transform/diff.ts from what `decodeLoaded` gave last to what `loadAfter` gave last.
 * @returns a view, valid until the next call of these functions; false where there is no difference; undefined where the two are
 *   elsewhere, or not of the usual form
 */
export function mergeLoaded(was: Uint8Array, is: Uint8Array): Buffer | false | undefined {
  if (was !== before || is !== after) return undefined;
  const length = wasm.mergePatch(BEFORE, BEFORE + was.length, AFTER, AFTER + is.length, ENCODED);
  if (length <= 0) return length === 0 ? false : undefined;
  return all.subarray(ENCODED, ENCODED + length);
}

function use(codec: CodecDictionary): boolean {
  if (codec === dictionary) return true;
  if (codec.bytes.length > MAX_DICTIONARY) return false;
  put(codec.bytes, DICTIONARY);
  new Uint16Array(wasm.memory.buffer, wasm.dictionaryPlaces(), codec.places.length).set(codec.places);
  dictionary = codec;
  return true;
}

function put(bytes: Uint8Array, address: number): Buffer {
  all.set(bytes, address);
  clear(address + bytes.length);
  return all.subarray(address, address + bytes.length);
}

function clear(address: number): void {
  for (let i = 0; i < SLACK; i++) all[address + i] = 0;
}

/** @returns whether the memory has grown, and views of it are void */
function reserve(bytes: number): boolean {
  const { memory } = wasm;
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(pagesFor(missing));
  const grown = all.buffer !== memory.buffer;
  if (grown) {
    all = Buffer.from(memory.buffer);
    words = new Int32Array(memory.buffer);
  }
  return grown;
}
