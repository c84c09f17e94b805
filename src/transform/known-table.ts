import { WatershardError } from '../model/errors.ts';
import { ObjectKey } from '../model/object-key.ts';
import { givePiece, PIECE_BYTES, takePiece } from '../model/slab.ts';

/**
 * The known-objects set of a stream: key to a few bytes, for up to millions of objects without a JavaScript object each.
 *
 * An entry has a number. `#slots` is an open-addressing index from hash to number; `#entries` gives an entry's hash and where
 * it lies, beside each other, since to get at either costs a miss of the cache; its bytes lie in chunks, 8-aligned:
 *
 *     u32 number | u32 valueLength | u32 keyLength | key | value | padding
 *
 * Chunks are written like a log. A value that no longer fits where it was leaves garbage behind; when garbage exceeds
 * a quarter of the live bytes, the chunk with the most of it is emptied into the log's head, so that churn costs a
 * bounded factor of memory and at most one chunk (256 KiB) is moved by one call.
 */
export class KnownTable {
  #slots = new Uint32Array(MIN_SLOTS); // number + 1; 0 is free
  #entries = new Uint32Array(MIN_SLOTS); // hash (of a freed number: the next freed number + 1) and ref, in turn
  #marks = new Uint8Array(MIN_SLOTS / 16); // one bit a number
  #numbers = 0; // numbers ever given
  #freed = 0; // first freed number + 1
  #size = 0;
  #listing = false;
  #chunks: (Chunk | undefined)[] = [];
  #unusedIndexes: number[] = [];
  #head = -1;
  #chunkBytes = 0;
  #live = 0; // bytes of entries in log chunks
  #used = 0; // bytes written to log chunks, garbage included
  /** What is looked up. */
  #key = NO_KEY;
  /** For keys that come as texts. */
  readonly #ofText = new ObjectKey();
  /** Names come from users: without a seed they could be chosen to collide. */
  readonly #seed = (Math.random() * 0x1_0000_0000) >>> 0;

  get size(): number {
    return this.#size;
  }

  /** Memory that the table holds, spare room included. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#entries.byteLength + this.#marks.byteLength + this.#chunkBytes;
  }

  /** @returns a view, valid until the next mutation */
  get(key: string | ObjectKey): Buffer | undefined {
    const slot = this.#find(this.#encode(key));
    if (slot < 0) return undefined;
    return this.#value(this.#slots[slot]! - 1);
  }

  /** Copies the value in. During a list it also marks the key. */
  set(key: string | ObjectKey, value: Uint8Array): void {
    const hash = this.#encode(key);
    const slot = this.#find(hash);
    const number = slot < 0 ? this.#insert(hash) : this.#slots[slot]! - 1;
    const keyLength = this.#key.length;
    const size = entrySize(keyLength, value.length);
    const old = slot < 0 ? NOWHERE : this.#entries[number * 2 + 1]!;
    let ref = old;
    // The old place is freed only after the copy: the value may be a view into it.
    if (old === NOWHERE || this.#sizeAt(old) !== size) ref = this.#entries[number * 2 + 1] = this.#allocate(size);
    const chunk = this.#chunks[ref >>> OFFSET_BITS]!;
    const at = (ref & OFFSET_MASK) << 3;
    if (ref !== old) {
      chunk.words[at >> 2] = number;
      chunk.words[(at >> 2) + 2] = keyLength;
      this.#key.bytes.copy(chunk.bytes, at + HEAD, 0, keyLength);
    }
    chunk.words[(at >> 2) + 1] = value.length;
    chunk.bytes.set(value, at + HEAD + keyLength);
    if (ref !== old && old !== NOWHERE) this.#release(old);
    if (this.#listing) this.#marks[number >> 3]! |= 1 << (number & 7);
  }

  delete(key: string | ObjectKey): boolean {
    const slot = this.#find(this.#encode(key));
    if (slot < 0) return false;
    const number = this.#slots[slot]! - 1;
    this.#closeGap(slot);
    const ref = this.#entries[number * 2 + 1]!;
    this.#entries[number * 2 + 1] = NOWHERE;
    this.#entries[number * 2] = this.#freed;
    this.#freed = number + 1;
    this.#marks[number >> 3]! &= ~(1 << (number & 7));
    this.#size--;
    this.#release(ref);
    return true;
  }

  /** Forgets all marks. A list that broke off needs no `endList`. */
  beginList(): void {
    this.#marks.fill(0);
    this.#listing = true;
  }

  /** The list has shown this key. No effect on a key that is not in the table. */
  mark(key: string | ObjectKey): void {
    const slot = this.#find(this.#encode(key));
    if (slot < 0) return;
    const number = this.#slots[slot]! - 1;
    this.#marks[number >> 3]! |= 1 << (number & 7);
  }

  /**
   * What the list has not shown; only between `beginList` and `endList`. Yielded keys, and any others, may be deleted
   * meanwhile; a value is valid until the next mutation.
   */
  *unmarked(): Generator<{ key: string; value: Buffer }> {
    if (!this.#listing) throw new WatershardError('INTERNAL', 'known objects: asked for unmarked keys outside a list');
    for (let number = 0; number < this.#numbers; number++) {
      if ((this.#marks[number >> 3]! & (1 << (number & 7))) === 0 && this.#entries[number * 2 + 1] !== NOWHERE)
        yield this.#entry(number);
    }
  }

  endList(): void {
    this.#listing = false;
  }

  *entries(): Generator<{ key: string; value: Buffer }> {
    for (let number = 0; number < this.#numbers; number++) {
      if (this.#entries[number * 2 + 1] !== NOWHERE) yield this.#entry(number);
    }
  }

  /** Empties the table and ends a list. A table that is not needed any more has to be emptied. */
  clear(): void {
    for (const chunk of this.#chunks) if (chunk?.large === false) givePiece(chunk.bytes);
    this.#slots = new Uint32Array(MIN_SLOTS);
    this.#entries = new Uint32Array(MIN_SLOTS);
    this.#marks = new Uint8Array(MIN_SLOTS / 16);
    this.#numbers = this.#freed = this.#size = this.#chunkBytes = this.#live = this.#used = 0;
    this.#chunks = [];
    this.#unusedIndexes = [];
    this.#head = -1;
    this.#listing = false;
  }

  /** Makes it `#key`. @returns its hash; an object that has changed is looked up and then set, and hashed once */
  #encode(key: string | ObjectKey): number {
    if (typeof key !== 'string') this.#key = key;
    else {
      this.#key = this.#ofText;
      if (this.#key.hashSeed < 0 || this.#key.text !== key) this.#key.text = key;
    }
    if (this.#key.hashSeed !== this.#seed) {
      this.#key.hash = this.#hashOf(this.#key);
      this.#key.hashSeed = this.#seed;
    }
    return this.#key.hash;
  }

  /** MurmurHash3, 32 bit. */
  #hashOf({ bytes, length }: ObjectKey): number {
    let h = this.#seed;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      k = Math.imul(k, 0xcc9e2d51);
      h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
      h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
    }
    let tail = 0;
    for (let j = length - 1; j >= i; j--) tail = (tail << 8) | bytes[j]!;
    tail = Math.imul(tail, 0xcc9e2d51);
    h ^= Math.imul((tail << 15) | (tail >>> 17), 0x1b873593);
    h ^= length;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  }

  /** @returns the slot of the key in `#key`, or -1 */
  #find(hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) return -1;
      if (this.#entries[number * 2] === hash && this.#sameKey(this.#entries[number * 2 + 1]!)) return slot;
    }
  }

  #sameKey(ref: number): boolean {
    const chunk = this.#chunks[ref >>> OFFSET_BITS]!;
    const at = (ref & OFFSET_MASK) << 3;
    const { bytes: key, length } = this.#key;
    if (chunk.words[(at >> 2) + 2] !== length) return false;
    const bytes = chunk.bytes;
    for (let i = length - 1, j = at + HEAD + i; i >= 0; i--, j--) if (key[i] !== bytes[j]) return false;
    return true;
  }

  /** Gives a new key its number and slot. The key is not in the table. */
  #insert(hash: number): number {
    if ((this.#size + 1) * 4 > this.#slots.length * 3) this.#growSlots();
    let number = this.#freed - 1;
    if (number >= 0) this.#freed = this.#entries[number * 2]!;
    else {
      number = this.#numbers++;
      if (number * 2 === this.#entries.length) this.#growNumbers();
    }
    this.#entries[number * 2] = hash;
    this.#place(number, hash);
    this.#size++;
    return number;
  }

  #place(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (const entry of old) if (entry !== 0) this.#place(entry - 1, this.#entries[(entry - 1) * 2]!);
  }

  #growNumbers(): void {
    // By half, not by two: at a million entries the unused half would be 8 MB.
    const length = Math.ceil((this.#entries.length * 0.75) / 8) * 8;
    const entries = new Uint32Array(length * 2);
    const marks = new Uint8Array(length / 8);
    entries.set(this.#entries);
    marks.set(this.#marks);
    this.#entries = entries;
    this.#marks = marks;
  }

  /** Empties a slot by moving later ones of its run back, so that searches need no markers of deleted slots. */
  #closeGap(slot: number): void {
    const mask = this.#slots.length - 1;
    let gap = slot;
    for (let next = (gap + 1) & mask; this.#slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#entries[(this.#slots[next]! - 1) * 2]! & mask;
      if (((next - home) & mask) < ((next - gap) & mask)) continue; // its home lies behind the gap
      this.#slots[gap] = this.#slots[next]!;
      gap = next;
    }
    this.#slots[gap] = 0;
  }

  #allocate(size: number): number {
    if (size > LARGE) return this.#addChunk(newChunk(size, true)) << OFFSET_BITS;
    let head = this.#chunks[this.#head];
    if (head === undefined || head.used + size > CHUNK) {
      head = newChunk(CHUNK, false);
      this.#head = this.#addChunk(head);
    }
    const at = head.used;
    head.used += size;
    head.live += size;
    this.#used += size;
    this.#live += size;
    return ((this.#head << OFFSET_BITS) | (at >> 3)) >>> 0;
  }

  #addChunk(chunk: Chunk): number {
    const index = this.#unusedIndexes.pop() ?? this.#chunks.length;
    if (index >= MAX_CHUNKS)
      throw new WatershardError('INTERNAL', 'known objects: the set of one stream has outgrown its memory');
    this.#chunks[index] = chunk;
    this.#chunkBytes += chunk.bytes.length;
    return index;
  }

  #release(ref: number): void {
    const index = ref >>> OFFSET_BITS;
    const chunk = this.#chunks[index]!;
    if (chunk.large) {
      this.#dropChunk(index);
      return;
    }
    const size = this.#sizeAt(ref);
    chunk.live -= size;
    this.#live -= size;
    if (chunk.live === 0 && index !== this.#head) this.#dropChunk(index);
    if (this.#used - this.#live > this.#live / 4 + 2 * CHUNK) this.#compact();
  }

  #dropChunk(index: number): void {
    const chunk = this.#chunks[index]!;
    this.#chunks[index] = undefined;
    this.#unusedIndexes.push(index);
    this.#chunkBytes -= chunk.bytes.length;
    if (chunk.large) return;
    this.#used -= chunk.used;
    givePiece(chunk.bytes);
  }

  /** Moves what is alive in the chunk with the most garbage to the head of the log. */
  #compact(): void {
    let victim = -1;
    let most = 0;
    for (let i = 0; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i];
      if (chunk === undefined || chunk.large || i === this.#head || chunk.used - chunk.live <= most) continue;
      most = chunk.used - chunk.live;
      victim = i;
    }
    if (victim < 0) return;
    const from = this.#chunks[victim]!;
    for (let at = 0; at < from.used; ) {
      const number = from.words[at >> 2]!;
      const size = entrySize(from.words[(at >> 2) + 2]!, from.words[(at >> 2) + 1]!);
      if (this.#entries[number * 2 + 1] === ((victim << OFFSET_BITS) | (at >> 3)) >>> 0) {
        const ref = this.#allocate(size);
        this.#chunks[ref >>> OFFSET_BITS]!.bytes.set(from.bytes.subarray(at, at + size), (ref & OFFSET_MASK) << 3);
        this.#entries[number * 2 + 1] = ref;
        this.#live -= size;
      }
      at += size;
    }
    this.#dropChunk(victim);
  }

  #sizeAt(ref: number): number {
    const words = this.#chunks[ref >>> OFFSET_BITS]!.words;
    const at = (ref & OFFSET_MASK) << 1;
    return entrySize(words[at + 2]!, words[at + 1]!);
  }

  #value(number: number): Buffer {
    const ref = this.#entries[number * 2 + 1]!;
    const chunk = this.#chunks[ref >>> OFFSET_BITS]!;
    const at = (ref & OFFSET_MASK) << 3;
    const start = at + HEAD + chunk.words[(at >> 2) + 2]!;
    return chunk.bytes.subarray(start, start + chunk.words[(at >> 2) + 1]!);
  }

  #entry(number: number): { key: string; value: Buffer } {
    const ref = this.#entries[number * 2 + 1]!;
    const chunk = this.#chunks[ref >>> OFFSET_BITS]!;
    const at = (ref & OFFSET_MASK) << 3;
    const keyLength = chunk.words[(at >> 2) + 2]!;
    return { key: chunk.bytes.toString('utf8', at + HEAD, at + HEAD + keyLength), value: this.#value(number) };
  }
}

interface Chunk {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  /** Holds one entry alone, and is dropped with it. */
  readonly large: boolean;
  used: number;
  live: number;
}

const NO_KEY = new ObjectKey();
const HEAD = 12;
const CHUNK = PIECE_BYTES;
/** Above it an entry gets a chunk of its own, so that the end of a log chunk is never wasted by more than this. */
const LARGE = CHUNK / 4;
/** A ref is 17 bits of chunk index and 15 bits of offset in units of 8 bytes. */
const OFFSET_BITS = 15;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
const MAX_CHUNKS = (1 << (32 - OFFSET_BITS)) - 1;
const NOWHERE = 0xffffffff;
const MIN_SLOTS = 64;

function newChunk(size: number, large: boolean): Chunk {
  const bytes = large ? Buffer.allocUnsafeSlow(size) : takePiece();
  return { bytes, words: new Uint32Array(bytes.buffer, bytes.byteOffset, size >> 2), large, used: 0, live: 0 };
}

function entrySize(keyLength: number, valueLength: number): number {
  return (HEAD + keyLength + valueLength + 7) & ~7;
}
