import { ByteWriter } from '../model/byte-writer.ts';
import { TAG } from '../model/field-bytes.ts';
import type { FieldPath } from './field-path.ts';
import type { ObjectReader } from './object-reader.ts';
import type { PartialObject } from './partial-object.ts';
import type { FieldPlan, FieldType } from './plan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Of the value of a path: far from the limit of a field's size. */
const MAX_VALUE = 2 ** 20;
/** Digits of an integer that a number holds exactly, whatever they are. */
const MAX_DIGITS = 15;
const WORD = 2 ** 32;

interface RowField {
  readonly slot: number;
  /** u32 length of the name | name */
  readonly lead: Buffer;
  readonly texts: boolean;
  readonly integers: boolean;
  /** It is a member of the object itself: where it is missing, it is absent and nothing else. */
  readonly isTop: boolean;
}

/**
 * The fields of an object as a row has them (model/field-bytes.ts), taken from its text: where every expression is a path, and
 * all that is found are texts without escapes, and integers. Anything else is for an evaluation (extract.ts), which costs several
 * times as much.
 */
export class RowFields {
  readonly #fields: readonly RowField[];
  readonly #out = new ByteWriter();

  private constructor(fields: readonly RowField[]) {
    this.#fields = fields;
  }

  /** @returns undefined where some field has to be evaluated for every object */
  static of(
    plans: readonly FieldPlan[],
    paths: readonly (FieldPath | undefined)[],
    partial: PartialObject,
  ): RowFields | undefined {
    // JavaScript puts names first that are numbers, and makes no member of that one.
    if (plans.some(({ name }) => /^[0-9]/.test(name) || name === '__proto__')) return undefined;
    const fields: RowField[] = [];
    for (const [i, { name, type }] of plans.entries()) {
      const path = paths[i];
      const slot = path === undefined ? undefined : partial.slotOf(path.keys);
      if (path === undefined || slot === undefined || path.item !== undefined) return undefined;
      const takes = (one: FieldType): boolean => type === undefined || type === 'json' || type === one;
      const lead = new ByteWriter();
      lead.int32(Buffer.byteLength(name));
      lead.text(name);
      fields.push({
        slot,
        lead: lead.view(),
        texts: takes('string'),
        integers: takes('int'),
        isTop: path.keys.length === 1,
      });
    }
    return new RowFields(fields);
  }

  /** @returns a view, valid until the next call; undefined where the object is one for an evaluation */
  read({ bytes, scan }: ObjectReader): Uint8Array | undefined {
    const out = this.#out;
    out.reset();
    for (let i = 0; i < this.#fields.length; i++) {
      const field = this.#fields[i] as RowField;
      const start = scan.start(field.slot);
      const end = scan.end(field.slot);
      if (end - start > MAX_VALUE) return undefined;
      out.slice(field.lead, 0, field.lead.length);
      if (start < 0) {
        if (!field.isTop) return undefined;
        out.byte(TAG.null);
      } else if (bytes[start] === QUOTE) {
        if (!field.texts || hasEscape(bytes, start, end)) return undefined;
        out.byte(TAG.text);
        out.int32(end - start - 2);
        out.slice(bytes, start + 1, end - 1);
      } else {
        const value = field.integers ? naturalAt(bytes, start, end) : -1;
        if (value < 0) return undefined;
        out.byte(TAG.int);
        out.int32(value | 0);
        out.int32(Math.floor(value / WORD));
      }
    }
    return out.view();
  }
}

function hasEscape(b: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (b[i] === BACKSLASH) return true;
  return false;
}

/** @returns -1 where it is no plain run of digits */
function naturalAt(b: Buffer, start: number, end: number): number {
  if (end - start > MAX_DIGITS) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (b[i] as number) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
