import type { FieldType } from '../../model/field-type.ts';
import type { Table } from './request.ts';

export type FieldTypes = Readonly<Record<string, FieldType>>;

/** What is the same for all rows of a stream. */
export interface RowContext {
  readonly cluster: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
}

/** Messages to the encoder thread, worked on in order. */
export type EncoderTask =
  /** Column types that the files of a resource already have. */
  | { readonly type: 'types'; readonly table: Table; readonly resource: string; readonly types: FieldTypes }
  | {
      readonly type: 'append';
      readonly stream: string;
      readonly incarnation: number;
      readonly table: Table;
      /** Name with the group; the types of its fields are kept per table and resource. */
      readonly resource: string;
      readonly context: RowContext;
      /** Fields that the stream's rules extract; without it, every field that the resource ever had. */
      readonly fields: FieldDeclarations | undefined;
      /** Whether the table `inventory` has the object. */
      readonly inventoryObjects: boolean;
      /** A packed lane of rows (model/lane.ts, model/row.ts); transferred. */
      readonly lane: ArrayBuffer;
    }
  /** Finish the files of this stream and hand them over. */
  | {
      readonly type: 'cut';
      readonly stream: string;
      readonly incarnation: number;
      /** Batches appended since the last cut; another number here than there would acknowledge what is not stored. */
      readonly batches: number;
    }
  /** Let go of the files of this stream that are of older incarnations. */
  | { readonly type: 'discard'; readonly stream: string; readonly incarnation: number };

/** Field names with the type that the configuration gives, if any. */
export type FieldDeclarations = Readonly<Record<string, FieldType | ''>>;

export interface RejectedRow {
  readonly key: string;
  readonly id: string;
  readonly message: string;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Values that did not fit the type of their column and were left out. */
export interface Misfits {
  readonly table: Table;
  readonly resource: string;
  readonly field: string;
  readonly type: FieldType;
  readonly count: number;
  readonly sample: string;
}

export interface EncodedFile {
  readonly table: Table;
  readonly date: string;
  readonly part: number;
  /** For the table `inventory`, Unix microseconds. */
  readonly asOf: number | undefined;
  readonly rows: number;
  readonly bytes: ArrayBuffer;
}

export interface EncoderAnswer {
  /** Bytes in the thread, of all open files: compressed, and rows that wait for their row group. */
  readonly held: number;
  /** The same for the stream of the task. */
  readonly streamHeld: number;
  readonly streamRows: number;
  readonly rejected: readonly RejectedRow[];
  readonly misfits: readonly Misfits[];
  /** Types that were settled by this task: all fields of that resource. */
  readonly types: readonly { readonly table: Table; readonly resource: string; readonly types: FieldTypes }[];
  /** The answer to `cut`. Their buffers are transferred. */
  readonly files: readonly EncodedFile[];
}
