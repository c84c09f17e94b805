import type { FieldType } from '../../model/field-type.ts';
import { FieldColumns, type FieldsOptions } from './field-columns.ts';
import { type FixedColumn, openFixedColumns } from './fixed-columns.ts';
import { PartWriter } from './part-writer.ts';
import type { RowContext } from './protocol.ts';
import type { Table } from './request.ts';
import { fieldColumn, fixedColumns } from './schema.ts';
import type { TableRow } from './table-row.ts';

export interface FileLayout extends FieldsOptions {
  readonly table: Table;
  readonly context: RowContext;
  readonly inventoryObjects: boolean;
  /** Bytes of rows at which a row group is written. */
  readonly rowGroupBytes: number;
}

/**
 * A file that is being written: finished row groups, and the columns of the rows that wait for theirs. The columns of a
 * file are those known at its first row group; where a later group has more, the file ends there and the next part begins.
 */
export class OpenFile {
  readonly #layout: FileLayout;
  readonly #fixed: readonly FixedColumn[];
  readonly #fields: FieldColumns;
  /** Rows, and bytes of their payloads, that wait for their row group. */
  #rows = 0;
  #bytes = 0;
  #part: PartWriter | undefined;
  readonly #parts: { readonly bytes: ArrayBuffer; readonly rows: number }[] = [];
  #partBytes = 0;
  /** Of the first row, Unix microseconds. */
  readonly firstObservedAt: number;

  constructor(layout: FileLayout, firstObservedAt: number) {
    this.#layout = layout;
    this.firstObservedAt = firstObservedAt;
    this.#fixed = openFixedColumns(layout.table, layout.inventoryObjects, layout.context);
    this.#fields = new FieldColumns(layout);
  }

  /** Bytes in memory. */
  get held(): number {
    let columns = this.#fields.byteLength;
    for (const { leaves } of this.#fixed) for (const leaf of leaves) columns += leaf.byteLength;
    return this.#partBytes + (this.#part?.byteLength ?? 0) + columns;
  }

  append(row: TableRow, payloadBytes: number): void {
    for (const column of this.#fixed) column.append(row);
    this.#fields.append(row, this.#rows);
    this.#rows++;
    this.#bytes += payloadBytes;
    if (this.#bytes >= this.#layout.rowGroupBytes) this.#writeGroup();
  }

  /** Ends the file. */
  finish(): readonly { readonly bytes: ArrayBuffer; readonly rows: number }[] {
    this.#writeGroup();
    this.#finishPart();
    return this.#parts;
  }

  #writeGroup(): void {
    const rows = this.#rows;
    if (rows === 0) return;
    this.#fields.settle();
    const fields = this.#fields.names();
    if (this.#part !== undefined && fields.some((field) => !this.#part?.fields.includes(field))) this.#finishPart();
    this.#part ??= this.#begin(fields);
    for (const column of this.#fixed) column.end?.(rows);
    const leaves = [
      ...this.#fixed.flatMap((column) => column.leaves),
      ...this.#part.fields.map((field) => this.#fields.leaf(field, rows)),
    ];
    this.#part.write(
      leaves.map((leaf) => leaf.finish()),
      rows,
    );
    this.#rows = 0;
    this.#bytes = 0;
  }

  #begin(fields: readonly string[]): PartWriter {
    const { table, inventoryObjects, types } = this.#layout;
    const columns = fields.map((field) => fieldColumn(field, types.get(field) as FieldType));
    return new PartWriter([...fixedColumns(table, inventoryObjects), ...columns], fields);
  }

  #finishPart(): void {
    if (this.#part === undefined) return;
    const bytes = this.#part.finish();
    this.#parts.push({ bytes, rows: this.#part.rows });
    this.#partBytes += bytes.byteLength;
    this.#part = undefined;
  }
}
