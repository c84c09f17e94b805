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
  rv: { width: 10, write: (m: Moment, b: Buffer, at: number) => tenDigits(m.resourceVersion, b, at) },
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

export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS);
/** By index in FIELD_NAMES; so are the writers. */
export const FIELD_WIDTHS: readonly number[] = Object.values(FIELDS).map((f) => f.width);
export const FIELD_WRITERS = Object.values(FIELDS).map((f) => f.write);

/** metadata.uid of the object. */
export function uidAt(moment: Moment): string {
  const uid = Buffer.alloc(36);
  writeUid(moment.salt, moment.serial, uid, 0);
  return uid.toString();
}

/** Of a whole number below 2^31, so that it is divided without floating point. */
function digits(value: number, width: number, into: Buffer, at: number): void {
  let rest = value | 0;
  for (let i = at + width - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    into[i] = 48 + rest - next * 10;
    rest = next;
  }
}

function tenDigits(value: number, into: Buffer, at: number): void {
  const high = Math.floor(value / 100_000);
  digits(high, 5, into, at);
  digits(value - high * 100_000, 5, into, at + 5);
}

/** Seconds as HH:MM:SS of one day. */
function clock(seconds: number, into: Buffer, at: number): void {
  const s = seconds % 86_400;
  const minutes = (s / 60) | 0;
  digits((minutes / 60) | 0, 2, into, at);
  into[at + 2] = 58;
  digits(minutes % 60, 2, into, at + 3);
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
