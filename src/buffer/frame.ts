import { crc32 } from 'node:zlib';

/** What is kept of one batch. */
export interface Frame {
  /** Counts all batches that the buffer ever took, from 1, with holes; ascending in and over segments. */
  readonly number: number;
  readonly records: number;
  /** What the owner of the buffer needs to know beside the body. */
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/*
 * A frame, in little-endian; the prefix has a checksum of its own, so that a segment can be looked through without its bodies:
 *
 *     u32 length of head and body | u64 number | u32 records | u32 length of head | u32 CRC-32 of head and body | u32 CRC-32 of the prefix | head | body
 *
 * A segment begins with the magic, u32 length and u32 CRC-32 of its fingerprint, and the fingerprint.
 */
/** Bytes of a frame before head and body. */
export const PREFIX = 28;
const CHECKED = PREFIX - 4;

export interface Prefix {
  readonly number: number;
  readonly records: number;
  /** Of the whole frame. */
  readonly length: number;
  readonly headLength: number;
  /** Of head and body. */
  readonly checksum: number;
}

const MAGIC = Buffer.from('WSBUFR1\n');

/** The parts of a frame, to be written one behind the other. */
export function frameParts({ number, records, head, body }: Frame): Uint8Array[] {
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix.writeUInt32LE(head.length + body.length, 0);
  prefix.writeBigUInt64LE(BigInt(number), 4);
  prefix.writeUInt32LE(records, 12);
  prefix.writeUInt32LE(head.length, 16);
  prefix.writeUInt32LE(crc32(body, crc32(head)), 20);
  prefix.writeUInt32LE(crc32(prefix.subarray(0, CHECKED)), CHECKED);
  return [prefix, head, body];
}

/** Copies the parts into the space, which is used again for every write, or into a new one where they are larger. */
export function joinParts(parts: readonly Uint8Array[], space: Uint8Array): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > space.length) return Buffer.concat(parts, length);
  let at = 0;
  for (const part of parts) {
    space.set(part, at);
    at += part.length;
  }
  return space.subarray(0, length);
}

export function frameLength({ head, body }: Pick<Frame, 'head' | 'body'>): number {
  return PREFIX + head.length + body.length;
}

/** The prefix that stands here; undefined where none does. */
export function readPrefix(bytes: Buffer, at: number): Prefix | undefined {
  if (crc32(bytes.subarray(at, at + CHECKED)) !== bytes.readUInt32LE(at + CHECKED)) return undefined;
  return {
    length: PREFIX + bytes.readUInt32LE(at),
    number: Number(bytes.readBigUInt64LE(at + 4)),
    records: bytes.readUInt32LE(at + 12),
    headLength: bytes.readUInt32LE(at + 16),
    checksum: bytes.readUInt32LE(at + 20),
  };
}

/** The frame of this prefix and the bytes behind it, as views; undefined where they are damaged. */
export function readFrame({ number, records, headLength, checksum }: Prefix, rest: Buffer): Frame | undefined {
  if (crc32(rest) !== checksum) return undefined;
  return { number, records, head: rest.subarray(0, headLength), body: rest.subarray(headLength) };
}

/** The beginning of a segment. */
export function segmentHeader(fingerprint: string): Buffer {
  const text = Buffer.from(fingerprint);
  const words = Buffer.allocUnsafe(8);
  words.writeUInt32LE(text.length, 0);
  words.writeUInt32LE(crc32(text), 4);
  return Buffer.concat([MAGIC, words, text]);
}

/** The fingerprint in the beginning of a segment, and where its frames begin; undefined where it is no segment. */
export function readSegmentHeader(bytes: Buffer): { fingerprint: string; end: number } | undefined {
  const start = MAGIC.length + 8;
  if (bytes.length < start || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const end = start + bytes.readUInt32LE(MAGIC.length);
  const text = bytes.subarray(start, end);
  if (end > bytes.length || crc32(text) !== bytes.readUInt32LE(MAGIC.length + 4)) return undefined;
  return { fingerprint: text.toString(), end };
}
