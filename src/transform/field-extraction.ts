import type { Encoding } from '../model/encoding.ts';
import type { PathTarget } from '../model/json-trie.ts';
import type { FieldValue } from '../model/record.ts';
import { DirectFields } from './direct-fields.ts';
import { compileExtractors, type Extractors, parseForCel } from './extract.ts';
import { IDENTITY, SLOTS } from './object-paths.ts';
import type { ObjectReader } from './object-reader.ts';
import { PartialObject } from './partial-object.ts';
import type { StreamPlan } from './plan.ts';
import { RowFields } from './row-fields.ts';

type Fields = Record<string, FieldValue> | undefined;
/** Encodings that want the fields as values and not as JSON. */
const VALUES: ReadonlySet<Encoding> = new Set<Encoding>(['msgpack', 'rows']);

type OnError = (field: string, message: string) => void;

/** Extracts the fields of a plan: of the parts of an object that its expressions look at, or of all of it. */
export class FieldExtraction {
  readonly #extractors: Extractors | undefined;
  readonly #partial: PartialObject | undefined;
  readonly #direct: DirectFields | undefined;
  readonly #row: RowFields | undefined;

  /** @throws WatershardError EXPRESSION_INVALID */
  constructor(plan: Pick<StreamPlan, 'extract' | 'redact' | 'lanes'>) {
    if (plan.extract.length === 0) return;
    this.#extractors = compileExtractors(plan.extract);
    const { shape, paths } = this.#extractors;
    // What is redacted has another value than the text that was read.
    if (shape !== undefined && plan.redact.length === 0) this.#partial = new PartialObject(shape, IDENTITY, SLOTS);
    if (this.#partial === undefined) return;
    if (plan.lanes.every(({ encoding }) => encoding === 'rows'))
      this.#row = RowFields.of(plan.extract, paths, this.#partial);
    if (plan.lanes.every(({ encoding }) => !VALUES.has(encoding)))
      this.#direct = DirectFields.of(plan.extract, paths, this.#partial);
  }

  /** What a reader has to note of an object for `of`, and how many slots that takes. */
  get targets(): readonly PathTarget[] {
    return this.#partial?.targets ?? [];
  }

  get slots(): number {
    return this.#partial?.slots ?? SLOTS;
  }

  /** The fields as JSON text, where that is at hand; then `of` need not be called. @returns a view, valid until a fingerprint is taken */
  json(reader: ObjectReader): Uint8Array | undefined {
    return this.#direct?.read(reader);
  }

  /** The same as a row has them. @returns a view, valid until the next call */
  row(reader: ObjectReader): Uint8Array | undefined {
    return this.#row?.read(reader);
  }

  /** @param text JSON text of the object as extraction sees it; asked for only where all of it is parsed */
  of(reader: ObjectReader, text: () => Buffer, onError: OnError): Fields {
    if (this.#partial === undefined) return this.#extractors && this.ofText(text(), onError);
    return this.#extractors?.extract(this.#partial.read(reader.bytes, reader.scan), onError);
  }

  /** Of an object that was delivered before. */
  ofText(text: Buffer, onError: OnError): Fields {
    return this.#extractors?.extract(parseForCel(text), onError);
  }
}
