import { FIELD_NAMES, FIELD_WIDTHS, FIELD_WRITERS, type Moment } from './template-fields.ts';

export interface Template {
  readonly bytes: Buffer;
  /** Field by field: its index, the number of its places, and their offsets. */
  readonly places: Uint32Array;
  /** Where an item of a built-in resource's list goes on behind its `{`: lists leave out kind and apiVersion. */
  readonly itemStart: number;
  /** Where metadata.name stands. */
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TemplateObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

const MARK = /"@#\{(\w+)\}"|@\{(\w+)\}/g;
const HEAD = /^\{("kind":"[^"]*","apiVersion":"[^"]*",)/;

export function compileTemplate(object: TemplateObject): Template {
  const text = JSON.stringify(object);
  const places: number[][] = FIELD_NAMES.map(() => []);
  let out = '';
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const index = FIELD_NAMES.indexOf((match[1] ?? match[2])!);
    if (index < 0) throw new Error(`compiling a template: unknown field ${match[0]}`);
    out += text.slice(end, match.index);
    places[index]!.push(Buffer.byteLength(out));
    out += '0'.repeat(FIELD_WIDTHS[index]!);
    end = match.index + match[0].length;
  }
  out += text.slice(end);
  const bytes = Buffer.from(out);
  const name = fieldsZeroed(object.metadata.name);
  const nameStart = bytes.indexOf(`"name":"${name}"`, bytes.indexOf('"metadata":{')) + '"name":"'.length;
  return {
    bytes,
    nameStart,
    nameEnd: nameStart + name.length,
    places: Uint32Array.from(places.flatMap((at, index) => (at.length === 0 ? [] : [index, at.length, ...at]))),
    itemStart: 1 + (HEAD.exec(out)?.[1]?.length ?? 0),
    namespace: object.metadata.namespace ?? '',
    labels: object.metadata.labels ?? {},
  };
}

function fieldsZeroed(text: string): string {
  return text.replaceAll(MARK, (_, numeric: string | undefined, plain: string) =>
    '0'.repeat(FIELD_WIDTHS[FIELD_NAMES.indexOf(numeric ?? plain)]!),
  );
}

/** metadata.name of the object, without rendering the rest. */
export function nameOf(t: Template, moment: Moment): string {
  const name = Buffer.from(t.bytes.subarray(t.nameStart, t.nameEnd));
  const { places } = t;
  for (let i = 0; i < places.length; i += 2 + places[i + 1]!) {
    for (let j = i + 2; j < i + 2 + places[i + 1]!; j++) {
      const at = places[j]!;
      if (at >= t.nameStart && at < t.nameEnd) FIELD_WRITERS[places[i]!]!(moment, name, at - t.nameStart);
    }
  }
  return name.toString();
}

/**
 * Writes the object without its leading `{`, from template offset `start` on. A field that stands in several places is
 * made once and copied. @returns the offset behind it
 */
export function writeObject(t: Template, start: number, moment: Moment, into: Buffer, at: number): number {
  t.bytes.copy(into, at, start);
  const shift = at - start;
  const { places } = t;
  for (let i = 0; i < places.length; ) {
    const field = places[i]!;
    const end = i + 2 + places[i + 1]!;
    const first = shift + places[i + 2]!;
    FIELD_WRITERS[field]!(moment, into, first);
    const width = FIELD_WIDTHS[field]!;
    for (i += 3; i < end; i++) {
      const to = shift + places[i]!;
      for (let b = 0; b < width; b++) into[to + b] = into[first + b]!;
    }
  }
  return at + t.bytes.length - start;
}
