import { ByteWriter as PageWriter } from 'hyparquet-writer';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { ByteWriter } from '../../model/byte-writer.ts';
import { ByteDictionary } from './byte-dictionary.ts';
import { type Bounds, type ChunkEnd, PAGE_BYTES, type Values } from './values.ts';

/** Up to here a dictionary is kept whatever is in it. */
const SMALL_DICTIONARY = 32 * 1024;

/** `unique`: texts that are hardly ever equal; `long`: those of many bytes too, in which no bounds are looked for. */
export type TextKind = 'any' | 'unique' | 'long';

/**
 * Texts. They begin as numbers of a dictionary; where that does not pay, the page ends and plain ones follow, which readers
 * know as the fallback of other writers. A column that has fallen back stays plain.
 */
export class TextValues implements Values {
  readonly type = 'BYTE_ARRAY';
  #isPlain: boolean;
  readonly hasBounds: boolean;
  #startsPlain: boolean;
  readonly #dictionary = new ByteDictionary();
  #numbers = new Uint32Array(16);
  #count = 0;
  /** Values in the chunk that are numbers. */
  #numbered = 0;
  readonly #plain = new ByteWriter(0);
  #min: Buffer | undefined;
  #max: Buffer | undefined;
  readonly #converted = new ByteWriter(0);

  constructor(kind: TextKind) {
    this.#startsPlain = kind !== 'any';
    this.hasBounds = kind !== 'long';
    this.#isPlain = this.#startsPlain;
  }

  /** Numbers of a dictionary that has no value would be refused by readers. */
  get encoding(): 'PLAIN' | 'RLE_DICTIONARY' {
    return this.#isPlain || this.#dictionary.count === 0 ? 'PLAIN' : 'RLE_DICTIONARY';
  }

  get byteLength(): number {
    return this.#plain.length + this.#dictionary.byteLength + this.#count * 4;
  }

  get isFull(): boolean {
    return this.#isPlain ? this.#plain.length >= PAGE_BYTES : this.#isUseless;
  }

  get #isUseless(): boolean {
    const { byteLength, count } = this.#dictionary;
    return byteLength > SMALL_DICTIONARY && (byteLength > PAGE_BYTES || count * 2 > this.#numbered);
  }

  /** @param from UTF-8 from start to end */
  append(from: Buffer, start: number, end: number): void {
    if (this.#isPlain) {
      this.#plain.int32(end - start);
      this.#plain.slice(from, start, end);
      if (this.hasBounds) this.#bound(from, start, end);
      return;
    }
    if (this.#count === this.#numbers.length) this.#grow(this.#count * 2);
    this.#numbers[this.#count++] = this.#dictionary.add(from, start, end);
    this.#numbered++;
  }

  appendText(text: string): void {
    this.#converted.reset();
    const length = this.#converted.text(text);
    this.append(this.#converted.view(), 0, length);
  }

  /** The same value in all of so many rows. Of a column that has no other. */
  fill(value: Buffer, rows: number): void {
    const number = this.#dictionary.add(value, 0, value.length);
    if (this.#numbers.length < rows) this.#grow(rows);
    this.#numbers.fill(number, 0, rows);
    this.#count = this.#numbered = rows;
  }

  takePage(): Uint8Array {
    if (this.encoding === 'PLAIN') {
      const page = this.#plain.view();
      this.#plain.reset();
      return page;
    }
    const page = new PageWriter();
    const bitWidth = 32 - Math.clz32(Math.max(0, this.#dictionary.count - 1));
    page.appendUint8(bitWidth);
    writeRleBitPackedHybrid(page, this.#numbers.subarray(0, this.#count), bitWidth);
    this.#count = 0;
    if (this.#isUseless) {
      this.#isPlain = true;
      this.#startsPlain = true;
    }
    return page.getBytes();
  }

  takeChunk(): ChunkEnd {
    const { count, plain } = this.#dictionary;
    if (this.hasBounds) {
      for (let number = 0; number < count; number++) {
        const value = this.#dictionary.value(number);
        this.#bound(value, 0, value.length);
      }
    }
    const bounds = this.#min && this.#max && { min_value: this.#min, max_value: this.#max };
    this.#dictionary.reset();
    this.#numbered = 0;
    this.#min = undefined;
    this.#max = undefined;
    this.#isPlain = this.#startsPlain;
    return { bounds: bounds satisfies Bounds | undefined, dictionary: count === 0 ? undefined : { count, plain } };
  }

  #grow(size: number): void {
    const grown = new Uint32Array(size);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }

  #bound(from: Buffer, start: number, end: number): void {
    if (this.#min === undefined || this.#max === undefined)
      this.#min = this.#max = Buffer.from(from.subarray(start, end));
    else if (isBefore(from, start, end, this.#min)) this.#min = Buffer.from(from.subarray(start, end));
    else if (isBehind(from, start, end, this.#max)) this.#max = Buffer.from(from.subarray(start, end));
  }
}

function isBefore(from: Buffer, start: number, end: number, other: Buffer): boolean {
  const length = Math.min(end - start, other.length);
  for (let i = 0; i < length; i++) {
    const order = (from[start + i] as number) - (other[i] as number);
    if (order !== 0) return order < 0;
  }
  return end - start < other.length;
}

function isBehind(from: Buffer, start: number, end: number, other: Buffer): boolean {
  const length = Math.min(end - start, other.length);
  for (let i = 0; i < length; i++) {
    const order = (from[start + i] as number) - (other[i] as number);
    if (order !== 0) return order > 0;
  }
  return end - start > other.length;
}
