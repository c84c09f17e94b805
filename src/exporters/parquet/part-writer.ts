import { ByteWriter as PageWriter } from 'hyparquet-writer';
import { writeIndexes } from 'hyparquet-writer/src/indexes.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { FileBytes } from './file-bytes.ts';
import type { ColumnChunk } from './leaf.ts';
import { type Column, fileSchema } from './schema.ts';

/** `PAR1` */
const MAGIC = 0x31524150;

type FileMetadata = Parameters<typeof writeMetadata>[1];
type RowGroup = FileMetadata['row_groups'][number];
type PageIndexes = Parameters<typeof writeIndexes>[1][number];

/** One Parquet file: its row groups as they come, and the footer that hyparquet-writer writes of them. */
export class PartWriter {
  readonly fields: readonly string[];
  rows = 0;
  readonly #columns: readonly Column[];
  readonly #bytes = new FileBytes();
  readonly #groups: RowGroup[] = [];
  readonly #indexes: PageIndexes[] = [];

  /** @param fields names of the columns behind the fixed ones */
  constructor(columns: readonly Column[], fields: readonly string[]) {
    this.#columns = columns;
    this.fields = fields;
    const head = new PageWriter(4);
    head.appendUint32(MAGIC);
    this.#bytes.append([head.getBytes()]);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  write(chunks: readonly ColumnChunk[], rows: number): void {
    const start = this.#bytes.length;
    const columns = chunks.map((chunk) => this.#writeChunk(chunk));
    this.#groups.push({
      columns,
      total_byte_size: BigInt(chunks.reduce((sum, chunk) => sum + chunk.uncompressed, 0)),
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(this.#bytes.length - start),
    });
    this.rows += rows;
  }

  /** The whole file in one buffer. */
  finish(): ArrayBuffer {
    const footer = new PageWriter();
    footer.offset = this.#bytes.length;
    writeIndexes(footer, this.#indexes);
    writeMetadata(footer, {
      version: 2,
      created_by: 'watershard',
      schema: fileSchema(this.#columns),
      num_rows: BigInt(this.rows),
      row_groups: this.#groups,
      metadata_length: 0,
    });
    footer.appendUint32(MAGIC);
    this.#bytes.append([footer.getBytes()]);
    return this.#bytes.finish();
  }

  #writeChunk(chunk: ColumnChunk): RowGroup['columns'][number] {
    const start = this.#bytes.length;
    this.#bytes.append(chunk.pages);
    const { place, bounds, dataPages } = chunk;
    const dictionary = chunk.hasDictionary
      ? ({ page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 } as const)
      : undefined;
    const encodings = [...new Set(dataPages.map((page) => page.encoding))];
    const column: RowGroup['columns'][number] = {
      file_offset: BigInt(start),
      meta_data: {
        type: place.element.type!,
        encodings: dictionary === undefined ? encodings : [...new Set(['PLAIN' as const, ...encodings])],
        path_in_schema: [...place.path],
        codec: 'ZSTD',
        num_values: BigInt(chunk.values),
        total_uncompressed_size: BigInt(chunk.uncompressed),
        total_compressed_size: BigInt(chunk.byteLength),
        data_page_offset: BigInt(start + (dataPages[0]?.at ?? 0)),
        ...(dictionary === undefined ? {} : { dictionary_page_offset: BigInt(start) }),
        ...(chunk.hasStatistics ? { statistics: { ...bounds, null_count: BigInt(chunk.nulls) } } : {}),
        encoding_stats: [
          ...(dictionary === undefined ? [] : [dictionary]),
          ...encodings.map((encoding) => ({
            page_type: 'DATA_PAGE_V2' as const,
            encoding,
            count: dataPages.filter((page) => page.encoding === encoding).length,
          })),
        ],
      },
    };
    this.#indexes.push({
      chunk: column,
      offsetIndex: {
        page_locations: dataPages.map(({ at, byteLength, firstRow }) => ({
          offset: BigInt(start + at),
          compressed_page_size: byteLength,
          first_row_index: BigInt(firstRow),
        })),
      },
    });
    return column;
  }
}
