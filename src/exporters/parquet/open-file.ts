import { constants, zstdCompressSync } from 'node:zlib';
import { type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { FieldType } from '../../model/field-type.ts';
import type { FieldValue } from '../../model/record.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { type ColumnValue, inferType, MISFIT, toColumn } from './field-values.ts';
import type { FieldDeclarations, RowContext } from './protocol.ts';
import type { Table } from './request.ts';
import { type Column, fieldColumn, fileSchema, fixedColumns } from './schema.ts';
import type { TableRow } from './table-row.ts';

const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compressors = { ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, ZSTD) };

/** Columns of long, hardly ever equal texts: looking for a dictionary or bounds in them costs and never pays. */
const LONG_TEXT: ReadonlySet<string> = new Set(['object', 'patch']);
/** Columns that have one value in a whole file. */
const CONSTANTS = ['cluster', 'group', 'version', 'kind', 'resource'] as const;

export interface FileLayout {
  readonly table: Table;
  readonly context: RowContext;
  readonly fields: FieldDeclarations | undefined;
  readonly inventoryObjects: boolean;
  /** Bytes of rows at which a row group is written. */
  readonly rowGroupBytes: number;
  /** Types of the fields of this table and resource: read and added to, so that no two of its files differ in a type. */
  readonly types: Map<string, FieldType>;
  onMisfit(field: string, type: FieldType, value: FieldValue): void;
}

interface PartWriter {
  readonly parquet: ParquetWriter;
  readonly chunks: ChunkWriter;
  /** The fixed ones, then those of the fields. */
  readonly columns: readonly Column[];
  readonly fields: readonly string[];
}

/**
 * A file that is being written: compressed row groups, and the rows that wait for theirs. The columns of a file are those
 * known at its first row group; where a later group has more, the file ends there and the next part of it begins.
 */
export class OpenFile {
  readonly #layout: FileLayout;
  readonly #fixed: readonly Column[];
  #pending = new PendingRows();
  #writer: PartWriter | undefined;
  #writerRows = 0;
  readonly #parts: { readonly bytes: ArrayBuffer; readonly rows: number }[] = [];
  #partBytes = 0;
  /** Of the first row, Unix microseconds. */
  readonly firstObservedAt: number;
  rows = 0;

  constructor(layout: FileLayout, firstObservedAt: number) {
    this.#layout = layout;
    this.firstObservedAt = firstObservedAt;
    this.#fixed = fixedColumns(layout.table, layout.inventoryObjects);
  }

  /** Bytes in memory: compressed ones, and payloads of rows that wait. */
  get held(): number {
    return this.#partBytes + (this.#writer?.chunks.offset ?? 0) + this.#pending.bytes;
  }

  append(row: TableRow, payloadBytes: number): void {
    this.#pending.append(row, payloadBytes);
    this.rows++;
    if (this.#pending.bytes >= this.#layout.rowGroupBytes) this.#writeGroup();
  }

  /** Ends the file. */
  finish(): readonly { readonly bytes: ArrayBuffer; readonly rows: number }[] {
    this.#writeGroup();
    this.#finishPart();
    return this.#parts;
  }

  #writeGroup(): void {
    const pending = this.#pending;
    if (pending.count === 0) return;
    this.#settleTypes();
    const fields = this.#groupFields();
    if (this.#writer !== undefined && fields.some((field) => !this.#writer?.fields.includes(field))) this.#finishPart();
    this.#writer ??= this.#begin(fields);
    const { parquet, columns } = this.#writer;
    parquet.write({ columnData: this.#columnData(columns, this.#writer.fields), rowGroupSize: pending.count });
    this.#writerRows += pending.count;
    this.#pending = new PendingRows();
  }

  #begin(fields: readonly string[]): PartWriter {
    const { types } = this.#layout;
    const columns = [...this.#fixed, ...fields.map((field) => fieldColumn(field, types.get(field) as FieldType))];
    const chunks = new ChunkWriter();
    const parquet = new ParquetWriter({
      writer: chunks,
      schema: fileSchema(columns),
      codec: 'ZSTD',
      compressors,
      createdBy: 'watershard',
    });
    return { parquet, chunks, columns, fields };
  }

  #finishPart(): void {
    if (this.#writer === undefined) return;
    this.#writer.parquet.finish();
    const bytes = this.#writer.chunks.join();
    this.#parts.push({ bytes, rows: this.#writerRows });
    this.#partBytes += bytes.byteLength;
    this.#writer = undefined;
    this.#writerRows = 0;
  }

  /** Gives each waiting field its type: what the files of the resource have, else what is declared, else what it shows. */
  #settleTypes(): void {
    const { types, fields } = this.#layout;
    for (const [name, declared] of Object.entries(fields ?? {})) {
      if (declared !== '' && !types.has(name)) types.set(name, declared);
    }
    for (const [name, values] of this.#pending.fields) {
      if (types.has(name)) continue;
      const type = inferType(values);
      if (type !== undefined) types.set(name, type);
    }
  }

  /** The fields that a file beginning now would have, in an order that does not hang on the rows. */
  #groupFields(): string[] {
    const { types, fields } = this.#layout;
    const names = new Set(fields === undefined ? types.keys() : Object.keys(fields).filter((name) => types.has(name)));
    for (const name of this.#pending.fields.keys()) if (types.has(name)) names.add(name);
    return [...names].sort();
  }

  #columnData(columns: readonly Column[], fields: readonly string[]): ColumnSource[] {
    return columns.map(({ name }, index): ColumnSource => {
      const field = fields[index - this.#fixed.length];
      if (field !== undefined) return { name, data: this.#fieldData(field) };
      const data = this.#fixedData(name);
      return LONG_TEXT.has(name) ? { name, data, encoding: 'PLAIN', statistics: false } : { name, data };
    });
  }

  #fixedData(name: string): unknown[] {
    const { count, columns } = this.#pending;
    const constant = CONSTANTS.find((c) => c === name);
    if (constant !== undefined) return new Array(count).fill(this.#layout.context[constant]);
    return columns[(name === 'as_of' ? 'observed_at' : name) as keyof typeof columns];
  }

  #fieldData(field: string): ColumnValue[] {
    const { count, fields } = this.#pending;
    const data: ColumnValue[] = new Array(count).fill(null);
    const type = this.#layout.types.get(field) as FieldType;
    for (const [i, value] of (fields.get(field) ?? []).entries()) {
      const converted = toColumn(type, value);
      if (converted !== MISFIT) data[i] = converted;
      else this.#layout.onMisfit(field, type, value);
    }
    return data;
  }
}

/** Rows that wait for their row group, by column. Texts of objects stay views into the lane that brought them. */
class PendingRows {
  count = 0;
  bytes = 0;
  readonly columns = {
    id: [] as string[],
    operation: [] as string[],
    namespace: [] as string[],
    name: [] as string[],
    uid: [] as string[],
    resource_version: [] as string[],
    observed_at: [] as bigint[],
    detected_by: [] as string[],
    labels: [] as TableRow['labels'][],
    object: [] as (Uint8Array | null)[],
    patch: [] as (Uint8Array | null)[],
  };
  /** Values of a field, in the order of the rows; the list ends with the last row that has the field. */
  readonly fields = new Map<string, FieldValue[]>();

  append(row: TableRow, payloadBytes: number): void {
    const c = this.columns;
    c.id.push(row.id);
    c.operation.push(row.operation);
    c.namespace.push(row.namespace);
    c.name.push(row.name);
    c.uid.push(row.uid);
    c.resource_version.push(row.resourceVersion);
    c.observed_at.push(BigInt(row.observedAt));
    c.detected_by.push(row.detectedBy);
    c.labels.push(row.labels);
    c.object.push(row.object);
    c.patch.push(row.patch);
    for (const name of Object.keys(row.fields)) this.#put(name, row.fields[name] as FieldValue);
    this.count++;
    this.bytes += payloadBytes;
  }

  #put(name: string, value: FieldValue): void {
    let values = this.fields.get(name);
    if (values === undefined) {
      values = [];
      this.fields.set(name, values);
    }
    while (values.length < this.count) values.push(null);
    values.push(value);
  }
}
