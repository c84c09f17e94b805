import { isLoaded, loadedScratch, pluckLoaded } from '../model/loaded-text.ts';
import type { FieldPath } from './field-path.ts';
import type { ObjectReader } from './object-reader.ts';
import type { PartialObject } from './partial-object.ts';
import type { FieldPlan, FieldType } from './plan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
/** Of the value of a path: a list of it is far from the limits of an evaluation, its turns and the size of its result. */
const MAX_VALUE = 2 ** 20;
const MAX_KEY = 256;

interface DirectField {
  readonly slot: number;
  /** What stands before the value: `{"phase":`. */
  readonly lead: Uint8Array;
  readonly item: Uint8Array | undefined;
}

/**
 * The fields of an object as JSON text, taken from its text: where every expression is a path, and all that is found are
 * texts that stand there as they are to be written. Anything else is for an evaluation (extract.ts): other values, what is missing,
 * escapes. To parse, evaluate and write two fields costs three times as much.
 */
export class DirectFields {
  readonly #fields: readonly DirectField[];

  private constructor(fields: readonly DirectField[]) {
    this.#fields = fields;
  }

  /** @returns undefined where some field has to be evaluated for every object */
  static of(
    plans: readonly FieldPlan[],
    paths: readonly (FieldPath | undefined)[],
    partial: PartialObject,
  ): DirectFields | undefined {
    // JavaScript puts names first that are numbers, and makes no member of that one.
    if (plans.length === 0 || plans.some(({ name }) => /^[0-9]/.test(name) || name === '__proto__')) return undefined;
    const fields: DirectField[] = [];
    for (const [i, { name, type }] of plans.entries()) {
      const path = paths[i];
      const slot = path === undefined ? undefined : partial.slotOf(path.keys);
      if (path === undefined || slot === undefined || !isOfType(type, path)) return undefined;
      const item = path.item === undefined ? undefined : plainKey(path.item);
      if (path.item !== undefined && item === undefined) return undefined;
      fields.push({ slot, item, lead: Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`) });
    }
    return new DirectFields(fields);
  }

  /** @returns a view, valid until a fingerprint is taken; undefined where the object is one for an evaluation */
  read({ bytes, scan }: ObjectReader): Uint8Array | undefined {
    if (!isLoaded(bytes)) return undefined;
    const out = loadedScratch();
    let at = 0;
    for (let i = 0; i < this.#fields.length; i++) {
      const { slot, lead, item } = this.#fields[i] as DirectField;
      const start = scan.start(slot);
      const end = scan.end(slot);
      if (start < 0 || end - start > MAX_VALUE || at + lead.length + end - start + MAX_KEY > out.length)
        return undefined;
      for (let j = 0; j < lead.length; j++) out[at++] = lead[j] as number;
      if (item === undefined) {
        if (bytes[start] !== QUOTE) return undefined;
        for (let p = start; p < end; p++) {
          const c = bytes[p] as number;
          if (c === BACKSLASH) return undefined;
          out[at++] = c;
        }
      } else {
        if (bytes[start] !== OPEN_BRACKET) return undefined;
        at = pluckLoaded(start, end, item, at);
        if (at < 0) return undefined;
      }
    }
    out[at++] = CLOSE_BRACE;
    return out.subarray(0, at);
  }
}

function isOfType(type: FieldType | undefined, { item }: FieldPath): boolean {
  return type === undefined || type === 'json' || type === (item === undefined ? 'string' : 'list<string>');
}

/** The key as it stands in JSON, where that is itself. */
function plainKey(key: string): Uint8Array | undefined {
  const bytes = Buffer.from(key);
  return JSON.stringify(key) === `"${key}"` && bytes.length <= MAX_KEY ? bytes : undefined;
}
