import { type ChunkEnd, PAGE_BYTES, type Values } from './values.ts';

/** Integers of 64 bits, as two words each, so that none needs a bigint. */
export class IntValues implements Values {
  readonly type = 'INT64';
  readonly encoding = 'PLAIN';
  readonly hasBounds = true;
  #words = new Int32Array(16);
  #length = 0;
  #bounded = false;
  #minLow = 0;
  #minHigh = 0;
  #maxLow = 0;
  #maxHigh = 0;

  get byteLength(): number {
    return this.#length * 4;
  }

  get isFull(): boolean {
    return this.#length * 4 >= PAGE_BYTES;
  }

  /** @param low lower word, of any sign. @param high upper word, signed */
  append(low: number, high: number): void {
    if (this.#length === this.#words.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#length++] = low;
    this.#words[this.#length++] = high;
    const unsigned = low >>> 0;
    if (!this.#bounded) {
      this.#bounded = true;
      this.#minLow = this.#maxLow = unsigned;
      this.#minHigh = this.#maxHigh = high;
    } else if (high < this.#minHigh || (high === this.#minHigh && unsigned < this.#minLow)) {
      this.#minLow = unsigned;
      this.#minHigh = high;
    } else if (high > this.#maxHigh || (high === this.#maxHigh && unsigned > this.#maxLow)) {
      this.#maxLow = unsigned;
      this.#maxHigh = high;
    }
  }

  /** @param value whole, of at most 53 bits, not negative */
  appendNumber(value: number): void {
    this.append((value % 2 ** 32) | 0, Math.floor(value / 2 ** 32));
  }

  appendBigint(value: bigint): void {
    this.append(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
  }

  takePage(): Uint8Array {
    const page = new Uint8Array(this.#words.buffer, 0, this.#length * 4);
    this.#length = 0;
    return page;
  }

  takeChunk(): ChunkEnd {
    if (!this.#bounded) return { bounds: undefined, dictionary: undefined };
    this.#bounded = false;
    const value = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);
    return {
      bounds: { min_value: value(this.#minLow, this.#minHigh), max_value: value(this.#maxLow, this.#maxHigh) },
      dictionary: undefined,
    };
  }
}

export class DoubleValues implements Values {
  readonly type = 'DOUBLE';
  readonly encoding = 'PLAIN';
  readonly hasBounds = true;
  #values = new Float64Array(8);
  #length = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get byteLength(): number {
    return this.#length * 8;
  }

  get isFull(): boolean {
    return this.#length * 8 >= PAGE_BYTES;
  }

  /** @param value finite */
  append(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  takePage(): Uint8Array {
    const page = new Uint8Array(this.#values.buffer, 0, this.#length * 8);
    this.#length = 0;
    return page;
  }

  takeChunk(): ChunkEnd {
    const [min, max] = [this.#min, this.#max];
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    if (min > max) return { bounds: undefined, dictionary: undefined };
    // The format wants zeros to take in both signs.
    return { bounds: { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max }, dictionary: undefined };
  }
}

/** Packed into bits, the first in the lowest. */
export class BoolValues implements Values {
  readonly type = 'BOOLEAN';
  readonly encoding = 'PLAIN';
  readonly hasBounds = true;
  #bits = new Uint8Array(16);
  #count = 0;
  #min = true;
  #max = false;
  #bounded = false;

  get byteLength(): number {
    return (this.#count + 7) >> 3;
  }

  get isFull(): boolean {
    return this.byteLength >= PAGE_BYTES;
  }

  append(value: boolean): void {
    const at = this.#count >> 3;
    if (at === this.#bits.length) {
      const grown = new Uint8Array(at * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = this.#count++ & 7;
    if (bit === 0) this.#bits[at] = 0;
    if (value) this.#bits[at]! |= 1 << bit;
    this.#bounded = true;
    this.#min &&= value;
    this.#max ||= value;
  }

  takePage(): Uint8Array {
    const page = this.#bits.subarray(0, this.byteLength);
    this.#count = 0;
    return page;
  }

  takeChunk(): ChunkEnd {
    const bounds = this.#bounded ? { min_value: this.#min, max_value: this.#max } : undefined;
    this.#bounded = false;
    this.#min = true;
    this.#max = false;
    return { bounds, dictionary: undefined };
  }
}
