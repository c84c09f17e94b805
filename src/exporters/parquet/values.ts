/** Least and greatest of the values of a column chunk, as the library that writes the footer takes them. */
export interface Bounds {
  readonly min_value: Uint8Array | bigint | number | boolean;
  readonly max_value: Uint8Array | bigint | number | boolean;
}

/** The values of one column, nulls left out, as pages hold them. */
export interface Values {
  readonly type: 'BYTE_ARRAY' | 'INT64' | 'DOUBLE' | 'BOOLEAN';
  /** Whether bounds are looked for. */
  readonly hasBounds: boolean;
  /** Of the values since the last `takePage`. */
  readonly encoding: 'PLAIN' | 'RLE_DICTIONARY';
  /** Bytes in memory. */
  readonly byteLength: number;
  /** The page should end before the next row. */
  readonly isFull: boolean;
  /** The values since the last call. A view, valid until the next value. */
  takePage(): Uint8Array;
  /** Ends the column chunk; behind its last page. */
  takeChunk(): ChunkEnd;
}

export interface ChunkEnd {
  /** Undefined where there is no value. */
  readonly bounds: Bounds | undefined;
  /** What pages of the chunk refer to. A view, valid until the next value. */
  readonly dictionary: { readonly count: number; readonly plain: Uint8Array } | undefined;
}

/** A page ends before the row that would come behind this many bytes. */
export const PAGE_BYTES = 2 ** 20;
