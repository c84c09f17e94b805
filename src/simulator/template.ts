import { mix } from './random.ts';

/** Values that differ from object to object and from change to change. One is filled again for each rendering. */
export interface Moment {
  /** Of the resource, so that two resources have different uids. */
  salt: number;
  slot: number;
  /** Counts the objects ever made of the resource; an object's identity. */
  serial: number;
  /** Changes since it was created. */
  changes: number;
  /** Changes of the heartbeat annotation alone. */
  beats: number;
  resourceVersion: number;
}

/**
 * Fields of a template, each of a fixed width, so that an object is the template's bytes with a few places written over.
 * `@{field}` stands in a string; a string that is `@#{field}` and nothing else becomes a number.
 */
const FIELDS = {
  rv: { width: 10, write: (m: Moment, b: Buffer, at: number) => digits(m.resourceVersion, 10, b, at) },
  uid: { width: 36, write: (m: Moment, b: Buffer, at: number) => writeUid(m.salt, m.serial, b, at) },
  suffix: { width: 6, write: (m: Moment, b: Buffer, at: number) => writeSuffix(m.serial, b, at) },
  ordinal: { width: 6, write: (m: Moment, b: Buffer, at: number) => digits(m.slot, 6, b, at) },
  count: { width: 6, write: (m: Moment, b: Buffer, at: number) => digits(100_000 + (m.changes % 900_000), 6, b, at) },
  digit: { width: 1, write: (m: Moment, b: Buffer, at: number) => digits(m.changes % 10, 1, b, at) },
  octet: { width: 3, write: (m: Moment, b: Buffer, at: number) => digits(100 + (m.slot % 150), 3, b, at) },
  host: { width: 3, write: (m: Moment, b: Buffer, at: number) => digits(100 + (mix(m.serial) % 150), 3, b, at) },
  beat: {
    width: 8,
    write: (m: Moment, b: Buffer, at: number) => digits(10_000_000 + (m.beats % 90_000_000), 8, b, at),
  },
  born: { width: 8, write: (m: Moment, b: Buffer, at: number) => clock(m.serial, b, at) },
  changed: { width: 8, write: (m: Moment, b: Buffer, at: number) => clock(m.serial + m.changes * 7, b, at) },
  managed: { width: 8, write: (m: Moment, b: Buffer, at: number) => clock(m.resourceVersion, b, at) },
} as const;
type FieldName = keyof typeof FIELDS;

const NAMES = Object.keys(FIELDS) as FieldName[];
const WRITERS = NAMES.map((n) => FIELDS[n].write);

export interface Template {
  readonly bytes: Buffer;
  /** Pairs: offset, index of the field. */
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
  const places: number[] = [];
  let out = '';
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const index = NAMES.indexOf((match[1] ?? match[2]) as FieldName);
    if (index < 0) throw new Error(`compiling a template: unknown field ${match[0]}`);
    out += text.slice(end, match.index);
    places.push(Buffer.byteLength(out), index);
    out += '0'.repeat(FIELDS[NAMES[index]!].width);
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
    places: Uint32Array.from(places),
    itemStart: 1 + (HEAD.exec(out)?.[1]?.length ?? 0),
    namespace: object.metadata.namespace ?? '',
    labels: object.metadata.labels ?? {},
  };
}

function fieldsZeroed(text: string): string {
  return text.replaceAll(MARK, (_, numeric: string | undefined, plain: string) =>
    '0'.repeat(FIELDS[(numeric ?? plain) as FieldName].width),
  );
}

/** metadata.name of the object, without rendering the rest. */
export function nameOf(t: Template, moment: Moment): string {
  const name = Buffer.from(t.bytes.subarray(t.nameStart, t.nameEnd));
  for (let i = 0; i < t.places.length; i += 2) {
    const at = t.places[i]!;
    if (at >= t.nameStart && at < t.nameEnd) WRITERS[t.places[i + 1]!]!(moment, name, at - t.nameStart);
  }
  return name.toString();
}

/** metadata.uid of the object. */
export function uidAt(moment: Moment): string {
  const uid = Buffer.alloc(36);
  writeUid(moment.salt, moment.serial, uid, 0);
  return uid.toString();
}

/** Writes the object without its leading `{`, from template offset `start` on. @returns the offset behind it */
export function writeObject(t: Template, start: number, moment: Moment, into: Buffer, at: number): number {
  t.bytes.copy(into, at, start);
  const shift = at - start;
  const places = t.places;
  for (let i = 0; i < places.length; i += 2) WRITERS[places[i + 1]!]!(moment, into, shift + places[i]!);
  return at + t.bytes.length - start;
}

function digits(value: number, width: number, into: Buffer, at: number): void {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    into[i] = 48 + rest - next * 10;
    rest = next;
  }
}

/** Seconds as HH:MM:SS of one day. */
function clock(seconds: number, into: Buffer, at: number): void {
  const s = seconds % 86_400;
  digits(Math.floor(s / 3600), 2, into, at);
  into[at + 2] = 58;
  digits(Math.floor(s / 60) % 60, 2, into, at + 3);
  into[at + 5] = 58;
  digits(s % 60, 2, into, at + 6);
}

const HEX = Buffer.from('0123456789abcdef');

function writeUid(salt: number, serial: number, into: Buffer, at: number): void {
  let to = at;
  let word = 0;
  for (let i = 0; i < 32; i++) {
    if ((i & 7) === 0) word = mix(mix(Math.imul(serial, 0x9e3779b1) ^ salt) + (i >> 3) + (i >> 3 === 3 ? serial : 0));
    if (i === 8 || i === 12 || i === 16 || i === 20) into[to++] = 45;
    into[to++] = i === 12 ? 52 : i === 16 ? 97 : HEX[(word >>> ((i & 7) * 4)) & 15]!;
  }
}

/** The letters of Kubernetes' own name suffixes. */
const LETTERS = Buffer.from('bcdfghjklmnpqrstvwxz2456789');
const SUFFIXES = LETTERS.length ** 6;

/** Each serial below 387 million has its own suffix (the factor and the number of suffixes have no common divisor). */
function writeSuffix(serial: number, into: Buffer, at: number): void {
  let n = (serial * 1_048_573) % SUFFIXES;
  for (let i = 0; i < 6; i++) {
    into[at + i] = LETTERS[n % 27]!;
    n = Math.floor(n / 27);
  }
}
