import { ByteWriter } from '../../model/byte-writer.ts';
import { readValue, TAG, valueEnd } from '../../model/field-bytes.ts';
import type { FieldType } from '../../model/field-type.ts';
import type { FieldValue } from '../../model/record.ts';
import { FieldColumn } from './field-column.ts';
import { inferType } from './field-values.ts';
import type { Leaf } from './leaf.ts';
import type { FieldDeclarations } from './protocol.ts';
import { fieldColumn } from './schema.ts';
import type { TableRow } from './table-row.ts';

export interface FieldsOptions {
  readonly fields: FieldDeclarations | undefined;
  /** Types of the fields of this table and resource: read and added to, so that no two of its files differ in a type. */
  readonly types: Map<string, FieldType>;
  onMisfit(field: string, type: FieldType, value: FieldValue): void;
}

/** The extracted fields of the rows that wait for their row group, each in the column of its type once that is known. */
export class FieldColumns {
  readonly #options: FieldsOptions;
  readonly #columns = new Map<string, FieldColumn>();
  readonly #unsettled = new Map<string, UnsettledColumn>();
  /** Those of the last row, by their place in it: most rows of a stream have the same. */
  readonly #last: { readonly name: Buffer; readonly column: FieldColumn | UnsettledColumn }[] = [];

  constructor(options: FieldsOptions) {
    this.#options = options;
  }

  get byteLength(): number {
    let sum = 0;
    for (const { leaf } of this.#columns.values()) sum += leaf.byteLength;
    for (const { byteLength } of this.#unsettled.values()) sum += byteLength;
    return sum;
  }

  /** @param rows before this one */
  append(row: TableRow, rows: number): void {
    const b = row.slices.bytes;
    for (let i = 0; i < row.fieldCount; i++) {
      const column = this.#columnAt(i, b, row.nameStart(i), row.nameEnd(i));
      // A name that a row has twice.
      if (column.rows > rows) continue;
      column.fill(rows);
      column.append(b, row.nameEnd(i));
    }
  }

  /** Gives each field its type: what the files of the resource have, else what is declared, else what its values show. */
  settle(): void {
    const { types, fields } = this.#options;
    for (const [name, declared] of Object.entries(fields ?? {})) {
      if (declared !== '' && !types.has(name)) types.set(name, declared);
    }
    for (const [name, unsettled] of this.#unsettled) {
      const type = types.get(name) ?? inferType(unsettled.values());
      if (type === undefined) continue;
      types.set(name, type);
      unsettled.moveTo(this.#open(name, type));
    }
    // What has shown no type is null in all rows.
    this.#unsettled.clear();
    this.#last.length = 0;
  }

  /** The fields that a file beginning now would have, in an order that does not hang on the rows; settled ones. */
  names(): string[] {
    const { types, fields } = this.#options;
    const names = new Set(fields === undefined ? types.keys() : Object.keys(fields).filter((name) => types.has(name)));
    for (const [name, column] of this.#columns) if (column.rows > 0) names.add(name);
    return [...names].sort();
  }

  /** The column of a settled field, with a value or null for all rows. */
  leaf(name: string, rows: number): Leaf {
    const column = this.#columns.get(name) ?? this.#open(name, this.#options.types.get(name) as FieldType);
    column.fill(rows);
    column.rows = 0;
    return column.leaf;
  }

  #columnAt(index: number, b: Buffer, start: number, end: number): FieldColumn | UnsettledColumn {
    const last = this.#last[index];
    if (last !== undefined && isSame(last.name, b, start, end)) return last.column;
    const name = b.toString('utf8', start, end);
    const column = this.#columnOf(name);
    this.#last[index] = { name: Buffer.from(b.subarray(start, end)), column };
    return column;
  }

  #columnOf(name: string): FieldColumn | UnsettledColumn {
    const known = this.#columns.get(name) ?? this.#unsettled.get(name);
    if (known !== undefined) return known;
    const type = this.#options.types.get(name);
    if (type !== undefined) return this.#open(name, type);
    const unsettled = new UnsettledColumn();
    this.#unsettled.set(name, unsettled);
    return unsettled;
  }

  #open(name: string, type: FieldType): FieldColumn {
    const column = new FieldColumn(fieldColumn(name, type), type, (value) => this.#options.onMisfit(name, type, value));
    this.#columns.set(name, column);
    return column;
  }
}

/** Values whose column has no type yet, as they came. */
class UnsettledColumn {
  rows = 0;
  readonly #bytes = new ByteWriter(0);

  get byteLength(): number {
    return this.#bytes.length;
  }

  fill(rows: number): void {
    for (; this.rows < rows; this.rows++) this.#bytes.byte(TAG.null);
  }

  append(b: Buffer, at: number): void {
    this.#bytes.slice(b, at, valueEnd(b, at, b.length));
    this.rows++;
  }

  *values(): Generator<FieldValue> {
    const b = this.#bytes.view();
    for (let at = 0; at < b.length; at = valueEnd(b, at, b.length)) yield readValue(b, at);
  }

  moveTo(column: FieldColumn): void {
    const b = this.#bytes.view();
    for (let at = 0; at < b.length; at = valueEnd(b, at, b.length)) column.append(b, at);
  }
}

function isSame(name: Buffer, b: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== b[start + i]) return false;
  return true;
}
