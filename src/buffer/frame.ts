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
 * A frame, in little-endian:
 *
 *     u32 length of what follows the checksum | u32 CRC-32 of all but itself | u64 number | u32 records | u32 length of head | head | body
 *
 * A segment begins with the magic, u32 length and u32 CRC-32 of its fingerprint, and the fingerprint.
 */
const CHECKED = 8;
const FIXED = 16;
/** Bytes of a frame before head and body. */
export const PREFIX = CHECKED + FIXED;
const MAGIC = Buffer.from('WSBUFR1\n');

/** The parts of a frame, to be written one behind the other. */
export function frameParts({ number, records, head, body }: Frame): Uint8Array[] {
  const prefix = Buffer.allocUnsafe(PREFIX);
  prefix.writeUInt32LE(FIXED + head.length + body.length, 0);
  prefix.writeBigUInt64LE(BigInt(number), CHECKED);
  prefix.writeUInt32LE(records, CHECKED + 8);
  prefix.writeUInt32LE(head.length, CHECKED + 12);
  prefix.writeUInt32LE(checksum(prefix, head, body), 4);
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

/** Bytes of the frame that begins here, by its own word; at least 4 bytes have to be there. Undefined where none begins. */
export function lengthAt(bytes: Buffer, at: number): number | undefined {
  const length = bytes.readUInt32LE(at);
  return length < FIXED ? undefined : CHECKED + length;
}

/** The frame in these bytes, which are as long as it says; undefined where the checksum is wrong. Head and body are views. */
export function readFrame(bytes: Buffer): Frame | undefined {
  const prefix = bytes.subarray(0, PREFIX);
  const headEnd = PREFIX + bytes.readUInt32LE(CHECKED + 12);
  if (headEnd > bytes.length) return undefined;
  const head = bytes.subarray(PREFIX, headEnd);
  const body = bytes.subarray(headEnd);
  if (checksum(prefix, head, body) !== bytes.readUInt32LE(4)) return undefined;
  return { number: Number(bytes.readBigUInt64LE(CHECKED)), records: bytes.readUInt32LE(CHECKED + 8), head, body };
}

function checksum(prefix: Buffer, head: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(head, crc32(prefix.subarray(CHECKED), crc32(prefix.subarray(0, 4)))));
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
