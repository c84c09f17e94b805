import { giveMemory, takeMemory } from './batch-memory.ts';

const SHORT = 48;
/** Bytes that are copied rather than given away. */
const SMALL = 64 * 1024;

/**
 * A buffer that grows and is used again for record after record. `view` shows what was written since `reset`; it is
 * valid until the next write, so whoever keeps it has to copy it.
 */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;
  /** What there is to be room for at least, once something is written: one that is idle holds no memory. */
  #room = 0;

  constructor(size = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /** Takes back what was written since `length` was this. */
  truncate(length: number): void {
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Two's complement, little-endian. */
  int32(value: number): void {
    this.#reserve(4);
    this.int32At(value, this.#length);
    this.#length += 4;
  }

  /** Overwrites 4 bytes that were written before. */
  int32At(value: number, at: number): void {
    const bytes = this.#bytes;
    // Node's own checks its arguments, at three times the cost.
    bytes[at] = value;
    bytes[at + 1] = value >> 8;
    bytes[at + 2] = value >> 16;
    bytes[at + 3] = value >> 24;
  }

  /** Overwrites bytes that were written before with a decimal number, with leading zeros. */
  digitsAt(value: number, at: number, digits: number): void {
    for (let i = at + digits - 1; i >= at; i--) {
      this.#bytes[i] = 0x30 + (value % 10);
      value = Math.floor(value / 10);
    }
  }

  /** Two's complement, little-endian. */
  int64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length);
  }

  /** IEEE 754, little-endian. */
  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** UTF-8; returns the number of bytes. */
  text(text: string): number {
    // A UTF-16 unit takes at most 3 bytes; asking for the exact length first would read the text twice.
    this.#reserve(text.length * 3);
    const written = this.#bytes.write(text, this.#length, 'utf8');
    this.#length += written;
    return written;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A slice, without the view that `bytes` would need. */
  slice(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    const to = this.#bytes;
    let length = this.#length;
    // A call into native code costs as much as some ten bytes.
    if (end - start > SHORT) from.copy(to, length, start, end);
    else for (let i = start; i < end; i++) to[length++] = from[i] as number;
    this.#length += end - start;
  }

  /** All of the memory, for who knows where in it what was written lies; another one after the next write. */
  get buffer(): Buffer {
    return this.#bytes;
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Gives away what was written, and goes on with other memory: at the start of a buffer of its own, which is at most twice
   * as long.
   * @param room for what is written next: about as much, where nothing else is said
   */
  give(room = this.#length + (this.#length >>> 3)): ArrayBuffer {
    const length = this.#length;
    if (length === 0) return new ArrayBuffer(0);
    const bytes = this.#bytes;
    const fits = length * 2 >= bytes.length;
    // Small ones are copied, and then the memory stays.
    if (!fits && length < SMALL) {
      this.#length = 0;
      return copyOf(bytes.subarray(0, length));
    }
    this.#bytes = EMPTY;
    this.#room = room;
    this.#length = 0;
    if (fits) return bytes.buffer as ArrayBuffer;
    const copy = copyOf(bytes.subarray(0, length));
    giveMemory(bytes.buffer);
    return copy;
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const grown = takeMemory(Math.max(this.#bytes.length * 2, need, this.#room));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

const EMPTY = Buffer.alloc(0);

function copyOf(bytes: Buffer): ArrayBuffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}
