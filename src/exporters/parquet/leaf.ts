import { ByteWriter as PageWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { compress } from './compress.ts';
import type { LeafPlace } from './schema.ts';
import type { Bounds, Values } from './values.ts';

/** A finished column chunk. Offsets count from its first byte. */
export interface ColumnChunk {
  readonly place: LeafPlace;
  readonly pages: readonly Uint8Array[];
  readonly byteLength: number;
  readonly uncompressed: number;
  /** With nulls. */
  readonly values: number;
  readonly nulls: number;
  readonly hasStatistics: boolean;
  readonly bounds: Bounds | undefined;
  readonly hasDictionary: boolean;
  readonly dataPages: readonly DataPage[];
}

export interface DataPage {
  readonly at: number;
  readonly byteLength: number;
  readonly firstRow: number;
  readonly encoding: Values['encoding'];
}

interface Page {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
  readonly firstRow: number;
  readonly encoding: Values['encoding'];
}

/**
 * A column of one physical type: levels and values that wait for their page, and finished pages, which are compressed as
 * soon as they are full. The values are appended to `values` directly, and said here with their levels.
 */
export class Leaf<V extends Values = Values> {
  readonly place: LeafPlace;
  readonly values: V;
  readonly #definitions: Levels;
  readonly #repetitions: Levels;
  #nulls = 0;
  /** Nulls and values that wait for their page, and its rows. */
  #waiting = 0;
  #rows = 0;
  #pages: Page[] = [];
  #pageBytes = 0;
  #uncompressed = 0;
  #chunkRows = 0;
  #chunkValues = 0;
  #chunkNulls = 0;

  constructor(place: LeafPlace, values: V) {
    this.place = place;
    this.values = values;
    this.#definitions = new Levels(place.maxDefinition);
    this.#repetitions = new Levels(place.maxRepetition);
  }

  /** Bytes in memory. */
  get byteLength(): number {
    return this.#pageBytes + this.values.byteLength;
  }

  /** To be called before the first value or null of a row. */
  beginRow(): void {
    if (this.values.isFull) this.#endPage();
    this.#rows++;
  }

  /** A value was appended. */
  present(repetition: 0 | 1 = 0): void {
    this.#waiting++;
    const { maxDefinition, maxRepetition } = this.place;
    if (maxDefinition > 0) this.#definitions.push(maxDefinition);
    if (maxRepetition > 0) this.#repetitions.push(repetition);
  }

  /** The last value stands in so many more rows. Of a column that has no nulls. */
  repeated(rows: number): void {
    this.#waiting += rows;
    this.#rows += rows;
  }

  absent(definition = 0, repetition: 0 | 1 = 0): void {
    this.#waiting++;
    this.#nulls++;
    this.#definitions.push(definition);
    if (this.place.maxRepetition > 0) this.#repetitions.push(repetition);
  }

  /** Ends the column chunk. */
  finish(): ColumnChunk {
    if (this.#waiting > 0) this.#endPage();
    const { bounds, dictionary } = this.values.takeChunk();
    const parts: Uint8Array[] = [];
    let at = 0;
    if (dictionary !== undefined) {
      const compressed = compress(dictionary.plain);
      const header = pageHeader({
        type: 'DICTIONARY_PAGE',
        uncompressed_page_size: dictionary.plain.length,
        compressed_page_size: compressed.length,
        dictionary_page_header: { num_values: dictionary.count, encoding: 'PLAIN' },
      });
      parts.push(header, compressed);
      at = header.length + compressed.length;
      this.#uncompressed += header.length + dictionary.plain.length;
    }
    const dataPages = this.#pages.map(({ byteLength, firstRow, encoding, parts: page }) => {
      parts.push(...page);
      at += byteLength;
      return { at: at - byteLength, byteLength, firstRow, encoding };
    });
    const chunk: ColumnChunk = {
      place: this.place,
      pages: parts,
      byteLength: at,
      uncompressed: this.#uncompressed,
      values: this.#chunkValues,
      nulls: this.#chunkNulls,
      hasStatistics: this.values.hasBounds,
      bounds,
      hasDictionary: dictionary !== undefined,
      dataPages,
    };
    this.#pages = [];
    this.#pageBytes = this.#uncompressed = this.#chunkRows = this.#chunkValues = this.#chunkNulls = 0;
    return chunk;
  }

  #endPage(): void {
    const { encoding } = this.values;
    const body = this.values.takePage();
    const compressed = compress(body);
    const levels = new PageWriter();
    const repetitions = this.#repetitions.write(levels);
    const definitions = this.#definitions.write(levels);
    const header = pageHeader({
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: levels.offset + body.length,
      compressed_page_size: levels.offset + compressed.length,
      data_page_header_v2: {
        num_values: this.#waiting,
        num_nulls: this.#nulls,
        num_rows: this.#rows,
        encoding,
        definition_levels_byte_length: definitions,
        repetition_levels_byte_length: repetitions,
        is_compressed: true,
      },
    });
    const parts = [header, levels.getBytes(), compressed];
    const byteLength = header.length + levels.offset + compressed.length;
    this.#pages.push({ parts, byteLength, firstRow: this.#chunkRows, encoding });
    this.#pageBytes += byteLength;
    this.#uncompressed += header.length + levels.offset + body.length;
    this.#chunkRows += this.#rows;
    this.#chunkValues += this.#waiting;
    this.#chunkNulls += this.#nulls;
    this.#waiting = this.#nulls = this.#rows = 0;
  }
}

function pageHeader(header: Parameters<typeof writePageHeader>[1]): Uint8Array {
  const writer = new PageWriter(64);
  writePageHeader(writer, header);
  return writer.getBytes();
}

/** Definition or repetition levels of a page. */
class Levels {
  readonly #max: number;
  #levels = new Uint8Array(0);
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(level: number): void {
    if (this.#count === this.#levels.length) {
      const grown = new Uint8Array(Math.max(64, this.#count * 2));
      grown.set(this.#levels);
      this.#levels = grown;
    }
    this.#levels[this.#count++] = level;
  }

  /** @returns how many bytes that are; starts again empty */
  write(out: PageWriter): number {
    if (this.#max === 0) return 0;
    const bitWidth = 32 - Math.clz32(this.#max);
    const length = writeRleBitPackedHybrid(out, this.#levels.subarray(0, this.#count), bitWidth);
    this.#count = 0;
    return length;
  }
}
