import { readValue, TAG, valueEnd } from '../../model/field-bytes.ts';
import type { FieldType } from '../../model/field-type.ts';
import type { FieldValue } from '../../model/record.ts';
import { type ColumnValue, MISFIT, toColumn } from './field-values.ts';
import { Leaf } from './leaf.ts';
import { BoolValues, DoubleValues, IntValues } from './number-values.ts';
import { type Column, leafPlaces } from './schema.ts';
import { TextValues } from './text-values.ts';

/** Said of a value that the column cannot hold; null stands in its place. */
export type OnMisfit = (value: FieldValue) => void;

/** Definition levels of a list column: the list is null, it is empty, the element is null. */
const NO_LIST = 0;
const EMPTY = 1;
const NO_ELEMENT = 2;

/** The column of an extracted field; takes values as the row has them (model/field-bytes.ts). */
export class FieldColumn {
  readonly leaf: Leaf;
  /** Rows that have their value. */
  rows = 0;
  readonly #type: FieldType;
  readonly #element: FieldType | undefined;
  readonly #onMisfit: OnMisfit;
  /** Appends a value of this tag as it is. Others are read, and brought into the form of the column. */
  readonly #plainTag: number;
  readonly #append: (b: Buffer, at: number) => void;
  readonly #appendValue: (value: ColumnValue) => void;

  constructor(column: Column, type: FieldType, onMisfit: OnMisfit) {
    this.#type = type;
    this.#element = type.startsWith('list<') ? (type.slice('list<'.length, -1) as FieldType) : undefined;
    this.#onMisfit = onMisfit;
    const place = leafPlaces(column)[0]!;
    switch (this.#element ?? type) {
      case 'int':
      case 'timestamp': {
        const values = new IntValues();
        this.leaf = new Leaf(place, values);
        // A timestamp is a text in the row.
        this.#plainTag = type === 'timestamp' ? -1 : TAG.int;
        this.#append = (b, at) => values.append(b.readInt32LE(at + 1), b.readInt32LE(at + 5));
        this.#appendValue = (value) => values.appendBigint(value as bigint);
        break;
      }
      case 'double': {
        const values = new DoubleValues();
        this.leaf = new Leaf(place, values);
        this.#plainTag = TAG.double;
        this.#append = (b, at) => values.append(b.readDoubleLE(at + 1));
        this.#appendValue = (value) => values.append(value as number);
        break;
      }
      case 'bool': {
        const values = new BoolValues();
        this.leaf = new Leaf(place, values);
        this.#plainTag = -1;
        this.#append = (b, at) => values.append(b[at] === TAG.true);
        this.#appendValue = (value) => values.append(value as boolean);
        break;
      }
      default: {
        const values = new TextValues('any');
        this.leaf = new Leaf(place, values);
        this.#plainTag = type === 'json' ? -1 : TAG.text;
        this.#append = (b, at) => values.append(b, at + 5, at + 5 + b.readUInt32LE(at + 1));
        this.#appendValue = (value) => values.appendText(value as string);
      }
    }
  }

  /** Nulls until so many rows have their value. */
  fill(rows: number): void {
    for (; this.rows < rows; this.rows++) {
      this.leaf.beginRow();
      this.leaf.absent();
    }
  }

  /** @param at of a value whose bytes are known to be whole */
  append(b: Buffer, at: number): void {
    this.rows++;
    this.leaf.beginRow();
    const tag = b[at] as number;
    if (tag === TAG.null) this.leaf.absent();
    else if (this.#element !== undefined && tag === TAG.list && this.#fits(b, at)) this.#appendList(b, at);
    else if (this.#element === undefined && tag === this.#plainTag) {
      this.#append(b, at);
      this.leaf.present();
    } else this.#convert(readValue(b, at));
  }

  /** Whether all elements are of the plain tag, or null. */
  #fits(b: Buffer, at: number): boolean {
    let item = at + 5;
    for (let count = b.readUInt32LE(at + 1); count > 0; count--) {
      if (b[item] !== this.#plainTag && b[item] !== TAG.null) return false;
      item = valueEnd(b, item, b.length);
    }
    return true;
  }

  #appendList(b: Buffer, at: number): void {
    const count = b.readUInt32LE(at + 1);
    if (count === 0) this.leaf.absent(EMPTY);
    let item = at + 5;
    for (let i = 0; i < count; i++) {
      const repetition = i === 0 ? 0 : 1;
      if (b[item] === TAG.null) this.leaf.absent(NO_ELEMENT, repetition);
      else {
        this.#append(b, item);
        this.leaf.present(repetition);
      }
      item = valueEnd(b, item, b.length);
    }
  }

  #convert(value: FieldValue): void {
    const converted = toColumn(this.#type, value);
    if (converted === MISFIT) this.#onMisfit(value);
    if (converted === MISFIT || converted === null) this.leaf.absent(NO_LIST);
    else if (!Array.isArray(converted)) this.#put(converted, 0);
    else if (converted.length === 0) this.leaf.absent(EMPTY);
    else
      for (const [i, item] of converted.entries()) {
        if (item === null) this.leaf.absent(NO_ELEMENT, i === 0 ? 0 : 1);
        else this.#put(item, i === 0 ? 0 : 1);
      }
  }

  #put(value: ColumnValue, repetition: 0 | 1): void {
    this.#appendValue(value);
    this.leaf.present(repetition);
  }
}
