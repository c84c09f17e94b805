import { textEnd, valueEnd } from '../../model/field-bytes.ts';
import { PART, RowSlices } from '../../model/row.ts';
import { LabelSlices } from './label-slices.ts';

/** Year 10000: a date has four digits. */
const TOO_LATE = 253_402_300_800_000_000;

/**
 * A packed row, looked through once and whole, so that what cannot be read is known before any column has got its value.
 * Used again for row after row.
 */
export class TableRow {
  readonly slices = new RowSlices();
  readonly labels = new LabelSlices();
  /** Unix microseconds, whole. */
  observedAt = 0;
  fieldCount = 0;
  /** Start and end of the name of a field, behind which is its value. */
  #names = new Int32Array(32);

  /** @throws SyntaxError, RangeError where the row is not what its form says */
  set(bytes: Buffer, start: number, end: number): void {
    const { slices } = this;
    slices.set(bytes, start, end);
    this.observedAt = Math.round(slices.observedAt);
    if (!(this.observedAt >= 0 && this.observedAt < TOO_LATE))
      throw new RangeError(`observed at ${slices.observedAt} microseconds`);
    this.labels.set(bytes, slices.start(PART.labels), slices.end(PART.labels));
    this.fieldCount = 0;
    const fieldsEnd = slices.end(PART.fields);
    for (let at = slices.start(PART.fields); at >= 0 && at < fieldsEnd; ) {
      const nameEnd = textEnd(bytes, at, fieldsEnd);
      this.#addName(at + 4, nameEnd);
      at = valueEnd(bytes, nameEnd, fieldsEnd);
    }
  }

  nameStart(field: number): number {
    return this.#names[field * 2] as number;
  }

  /** Where the value begins, too. */
  nameEnd(field: number): number {
    return this.#names[field * 2 + 1] as number;
  }

  #addName(start: number, end: number): void {
    if (this.fieldCount * 2 === this.#names.length) {
      const grown = new Int32Array(this.#names.length * 2);
      grown.set(this.#names);
      this.#names = grown;
    }
    this.#names[this.fieldCount * 2] = start;
    this.#names[this.fieldCount * 2 + 1] = end;
    this.fieldCount++;
  }
}
