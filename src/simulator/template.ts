import { type Piece, place, placeWords, renderAlone } from './renderer.ts';
import { FIELDS, type Moment, VARIANT_FIELDS, type Variant } from './template-fields.ts';

export interface TemplateObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

const MARK = /"@#\{(\w+)\}"|@\{(\w+)\}/g;
const HEAD = /^\{("kind":"[^"]*","apiVersion":"[^"]*",)/;

const SLOTS = [...FIELDS.keys(), ...VARIANT_FIELDS] as readonly string[];
/** As many as assembly/simulator/render.ts copies. */
const VARIANT_SLOTS = 8;

/** What the objects of an app have in common. Programs are addresses of what the renderer takes. */
export interface Form {
  readonly whole: number;
  /** An item of a built-in resource's list, which leaves kind and apiVersion out; else as `whole`. */
  readonly item: number;
  readonly name: number;
  readonly uid: number;
  readonly metadata: TemplateObject['metadata'];
  /** At most, with a variant's values of this many bytes. */
  readonly size: (variantBytes: number) => number;
}

export function compileForm(object: TemplateObject): Form {
  const text = JSON.stringify(object);
  const whole = compile(text);
  const uses = [...text.matchAll(MARK)].length;
  return {
    whole,
    item: HEAD.test(text) ? compile(text.replace(HEAD, '{')) : whole,
    name: compile(object.metadata.name),
    uid: compile(object.metadata.uid),
    metadata: object.metadata,
    // no field is wider than 36 bytes
    size: (variantBytes) => Buffer.byteLength(text) + uses * (36 + variantBytes),
  };
}

/** @returns the address of the program that writes the text with the values of its fields */
function compile(text: string): number {
  const pieces: Piece[] = [];
  let fields = 0;
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const slot = SLOTS.indexOf((match[1] ?? match[2])!);
    if (slot < 0) throw new Error(`compiling a template: unknown field ${match[0]}`);
    if (match.index > end) pieces.push(place(text.slice(end, match.index)));
    pieces.push({ at: slot, length: 0 });
    if (slot < FIELDS.size) fields |= 1 << slot;
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push(place(text.slice(end)));
  return placeWords([fields, pieces.length, ...pieces.flatMap((p) => [p.at, p.length])]);
}

/** The values of a variant, in the memory of the renderer. */
export interface PlacedVariant {
  readonly at: number;
  readonly bytes: number;
  readonly values: Variant;
}

export function placeVariant(values: Variant): PlacedVariant {
  const pieces = VARIANT_FIELDS.map((field) => place(values[field]));
  const words = pieces.flatMap((p) => [p.at, p.length]);
  return {
    at: placeWords([...words, ...new Array(VARIANT_SLOTS * 2 - words.length).fill(0)]),
    bytes: Math.max(...pieces.map((p) => p.length)),
    values,
  };
}

/** The objects of an app in a namespace that are in one state. */
export class Template {
  readonly form: Form;
  /** Address of its values. */
  readonly variant: number;
  /** Bytes of an object, at most. */
  readonly size: number;
  readonly #values: Variant;
  #labels: Readonly<Record<string, string>> | undefined;

  constructor(form: Form, variant: PlacedVariant) {
    this.form = form;
    this.variant = variant.at;
    this.size = form.size(variant.bytes);
    this.#values = variant.values;
  }

  get namespace(): string {
    return this.form.metadata.namespace === undefined ? '' : this.#values.namespace;
  }

  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= Object.fromEntries(
      Object.entries(this.form.metadata.labels ?? {}).map(([name, value]) => [
        name,
        value.replaceAll(MARK, (mark, _, field: string) => (this.#values as Record<string, string>)[field] ?? mark),
      ]),
    );
    return this.#labels;
  }

  /** metadata.name of the object. */
  nameOf(moment: Moment): string {
    return renderAlone(this.form.name, this.variant, moment).toString('latin1');
  }

  /** metadata.uid of the object. */
  uidOf(moment: Moment): string {
    return renderAlone(this.form.uid, this.variant, moment).toString('latin1');
  }

  /** The object as the API server would show it. @returns its bytes, valid until the next rendering */
  render(moment: Moment): Buffer {
    return renderAlone(this.form.whole, this.variant, moment);
  }
}

const NO_VARIANT = placeVariant(Object.fromEntries(VARIANT_FIELDS.map((field) => [field, ''])) as Variant);

/** Of an object that nothing is in common with. */
export function singleTemplate(object: TemplateObject): Template {
  return new Template(compileForm(object), NO_VARIANT);
}
