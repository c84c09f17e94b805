import { ByteWriter } from '../../model/byte-writer.ts';

const MIN_SLOTS = 16;

/**
 * Different byte strings, numbered from 0 in the order of their coming, as a Parquet dictionary page holds them: a u32
 * length before each. Open addressing over typed arrays: no object and no text for a value.
 */
export class ByteDictionary {
  count = 0;
  readonly #plain = new ByteWriter(0);
  /** Number + 1 of a value; 0 is free. */
  #slots = new Uint32Array(MIN_SLOTS);
  #hashes = new Int32Array(MIN_SLOTS);
  /** Where the bytes of a value begin in `plain`. */
  #starts = new Uint32Array(MIN_SLOTS);
  /** Values come from users: without a seed they could be chosen to collide. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;

  /** Bytes of the values with their lengths. */
  get byteLength(): number {
    return this.#plain.length;
  }

  /** Content of a dictionary page; a view, valid until the next value. */
  get plain(): Buffer {
    return this.#plain.view();
  }

  /** @returns the number of the value, a new one where it is new */
  add(from: Buffer, start: number, end: number): number {
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (from[i] as number), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (this.#hashes[number] === hash && this.#equals(number, from, start, end)) return number;
    }
    return this.#insert(slot, hash, from, start, end);
  }

  /** A view, valid until the next value. */
  value(number: number): Buffer {
    const plain = this.#plain.view();
    const start = this.#starts[number] as number;
    return plain.subarray(start, start + plain.readUInt32LE(start - 4));
  }

  reset(): void {
    this.count = 0;
    this.#plain.reset();
    this.#slots.fill(0);
  }

  #equals(number: number, from: Buffer, start: number, end: number): boolean {
    const plain = this.#plain.buffer;
    const at = this.#starts[number] as number;
    const length = end - start;
    const known =
      (plain[at - 4] as number) |
      ((plain[at - 3] as number) << 8) |
      ((plain[at - 2] as number) << 16) |
      ((plain[at - 1] as number) << 24);
    if (known !== length) return false;
    for (let i = 0; i < length; i++) if (plain[at + i] !== from[start + i]) return false;
    return true;
  }

  #insert(slot: number, hash: number, from: Buffer, start: number, end: number): number {
    const number = this.count++;
    if (number === this.#starts.length) this.#growValues();
    this.#plain.int32(end - start);
    this.#starts[number] = this.#plain.length;
    this.#plain.slice(from, start, end);
    this.#hashes[number] = hash;
    this.#slots[slot] = number + 1;
    if (this.count * 2 > this.#slots.length) this.#growSlots();
    return number;
  }

  #growValues(): void {
    const starts = new Uint32Array(this.#starts.length * 2);
    const hashes = new Int32Array(starts.length);
    starts.set(this.#starts);
    hashes.set(this.#hashes);
    this.#starts = starts;
    this.#hashes = hashes;
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 4);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = (this.#hashes[number] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}
