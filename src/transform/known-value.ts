import { ByteWriter } from '../model/byte-writer.ts';
import type { Fingerprint } from './fingerprint.ts';

/**
 * What is known of an object that was delivered, as bytes in the known-objects set (little-endian):
 *
 *     u8 version (2) | u8 reserved | u16 uidLength | u16 resourceVersionLength | u32 low | u32 high | uid | resourceVersion | snapshot
 *
 * low and high are the fingerprint; version 1 has one of another kind, which equals none. uid and resourceVersion are the text
 * between the quotes of the JSON. The snapshot, of the object that was last delivered, is there where the plan makes patches
 * (snapshot.ts).
 */
const VERSION = 2;
const FORMER = 1;
const HEAD = 14;

export function isKnownValue(value: Buffer): boolean {
  return (value[0] === VERSION || value[0] === FORMER) && value.length >= HEAD && snapshotStart(value) <= value.length;
}

export function hasUid(value: Buffer, b: Buffer, start: number, end: number): boolean {
  return equals(value, HEAD, value.readUInt16LE(2), b, start, end);
}

export function hasResourceVersion(value: Buffer, b: Buffer, start: number, end: number): boolean {
  return equals(value, HEAD + value.readUInt16LE(2), value.readUInt16LE(4), b, start, end);
}

/**
 * Whether a resourceVersion in JSON is older than the known one: as decimal numbers of any length (KEP-5504). Where one of
 * the two is something else, nothing can be said of their order.
 */
export function isOlderVersion(value: Buffer, b: Buffer, start: number, end: number): boolean {
  const known = HEAD + value.readUInt16LE(2);
  const knownLength = value.readUInt16LE(4);
  const length = lengthOf(start, end);
  let order = length - knownLength;
  for (let i = 0; i < knownLength; i++) if (!isDigit(value[known + i])) return false;
  for (let i = 0; i < length; i++) {
    const digit = b[start + 1 + i] as number;
    if (!isDigit(digit)) return false;
    if (order === 0) order = digit - (value[known + i] as number);
  }
  return length > 0 && order < 0;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

export function hasFingerprint(value: Buffer, print: Fingerprint): boolean {
  return value[0] === VERSION && value.readInt32LE(6) === print.low && value.readInt32LE(10) === print.high;
}

export function knownUid(value: Buffer): string {
  return text(value, HEAD, HEAD + value.readUInt16LE(2));
}

export function knownResourceVersion(value: Buffer): string {
  const start = HEAD + value.readUInt16LE(2);
  return text(value, start, start + value.readUInt16LE(4));
}

/** The packed snapshot, empty where there is none. */
export function knownSnapshot(value: Buffer): Buffer {
  return value.subarray(snapshotStart(value));
}

/** Writes known values; the result is valid until the next call. Slices are those of JSON strings, quotes included, or -1. */
export class KnownValueWriter {
  readonly #out = new ByteWriter();

  write(
    b: Buffer,
    uidStart: number,
    uidEnd: number,
    versionStart: number,
    versionEnd: number,
    low: number,
    high: number,
    snapshot: Uint8Array | undefined,
  ): Buffer {
    const uidLength = lengthOf(uidStart, uidEnd);
    const versionLength = lengthOf(versionStart, versionEnd);
    if (uidLength > 0xffff || versionLength > 0xffff) throw new RangeError('uid or resourceVersion is too long');
    const out = this.#out;
    out.reset();
    out.byte(VERSION);
    out.byte(0);
    out.byte(uidLength & 0xff);
    out.byte(uidLength >> 8);
    out.byte(versionLength & 0xff);
    out.byte(versionLength >> 8);
    out.int32(low);
    out.int32(high);
    if (uidLength > 0) out.slice(b, uidStart + 1, uidEnd - 1);
    if (versionLength > 0) out.slice(b, versionStart + 1, versionEnd - 1);
    if (snapshot !== undefined) out.bytes(snapshot);
    return out.view();
  }
}

function snapshotStart(value: Buffer): number {
  return HEAD + value.readUInt16LE(2) + value.readUInt16LE(4);
}

function lengthOf(start: number, end: number): number {
  return start < 0 ? 0 : Math.max(0, end - start - 2);
}

/** Whether bytes of a value equal a JSON string's content. @param start of the slice with quotes; -1 is the empty text */
function equals(value: Buffer, at: number, length: number, b: Buffer, start: number, end: number): boolean {
  if (length !== lengthOf(start, end)) return false;
  for (let i = 0; i < length; i++) if (value[at + i] !== b[start + 1 + i]) return false;
  return true;
}

function text(value: Buffer, start: number, end: number): string {
  const raw = value.toString('utf8', start, end);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}
