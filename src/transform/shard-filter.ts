import type { DeltaWriter } from '../model/delta.ts';
import { fnv1a64, type Halves } from '../model/hash.ts';
import { JsonScan } from '../model/json-scan.ts';
import { stringAt } from '../model/json-skip.ts';
import { compileTrie, type TrieNode } from '../model/json-trie.ts';
import { type HashRange, hashRange, inRange, type WatchShard } from '../model/watch-shard.ts';
import { knownUid } from './known-value.ts';
import { NAMESPACE, SLOTS, UID } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Tells the objects of a stream's share from those of others, by the hash that the API server goes by. It is asked about every
 * object, whatever the server claims: a watch does not say whether it honours the selector, and behind one address there may
 * be a server that does and one that does not.
 */
export class ShardFilter {
  readonly #isByUid: boolean;
  readonly #range: HashRange;
  readonly #slot: number;
  readonly #trie: TrieNode;
  readonly #scan = new JsonScan(SLOTS);
  readonly #hash: Halves = { high: 0, low: 0 };
  /** Objects of others have come, so that it pays to look before an object is read. */
  #strangers = false;
  /** Keys of what an earlier run knew and this share does not have, until the state is told. */
  readonly #left = new Set<string>();

  constructor(shard: WatchShard) {
    this.#isByUid = shard.key === 'uid';
    this.#range = hashRange(shard);
    this.#slot = this.#isByUid ? UID : NAMESPACE;
    this.#trie = compileTrie([{ tokens: [{ key: 'metadata' }, { key: shard.key }], slot: this.#slot }]);
  }

  /** What the reader has just read is of another share. */
  excludes({ bytes, scan }: ObjectReader): boolean {
    const isStranger = !this.#has(bytes, scan.start(this.#slot), scan.end(this.#slot));
    this.#strangers ||= isStranger;
    return isStranger;
  }

  /** The same of an object that was not read, and looks no further than needed; false where that does not tell. */
  excludesUnread(b: Buffer, start: number, end: number): boolean {
    if (!this.#strangers) return false;
    const scan = this.#scan;
    scan.run(b, start, end, this.#trie, 1);
    const at = scan.start(this.#slot);
    return !scan.unusual && at >= 0 && !this.#has(b, at, scan.end(this.#slot));
  }

  /** Something known, of a state that may be that of another share. @returns whether it is of this one; else it is left */
  keeps(key: string, known: Buffer): boolean {
    const text = Buffer.from(this.#isByUid ? knownUid(known) : key.slice(0, key.indexOf('/')));
    const keeps = this.#hashed(text, 0, text.length);
    if (keeps) this.#left.delete(key);
    else this.#left.add(key);
    return keeps;
  }

  /** The state said afterwards that it has gone. */
  gone(key: string): void {
    this.#left.delete(key);
  }

  /** Has the state forget what is left to others. No delete is told of it: the objects may well be there. */
  forgetLeft(delta: DeltaWriter): void {
    for (const key of this.#left) delta.delete(key);
    this.#left.clear();
  }

  /** @param start of a JSON string; -1, or anything else than a string, is the empty text, as it is on the server */
  #has(b: Buffer, start: number, end: number): boolean {
    if (start < 0 || b[start] !== QUOTE) return this.#hashed(b, 0, 0);
    for (let i = start + 1; i < end - 1; i++) {
      if (b[i] !== BACKSLASH) continue;
      const text = Buffer.from(stringAt(b, start, end));
      return this.#hashed(text, 0, text.length);
    }
    return this.#hashed(b, start + 1, end - 1);
  }

  #hashed(b: Uint8Array, start: number, end: number): boolean {
    fnv1a64(b, start, end, this.#hash);
    return inRange(this.#hash, this.#range);
  }
}
