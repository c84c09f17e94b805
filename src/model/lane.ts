import { ByteWriter } from './byte-writer.ts';
import { fnv1a, fnv1aBytes } from './hash.ts';
import type { Operation } from './record.ts';
import { OPERATIONS } from './record.ts';

/**
 * Encoded records on their way to one exporter, packed into one transferable buffer, which may be longer than what is in it:
 *
 *     u32 count | u32 where the names begin | u32 where the entries begin | u32 0 | frames | names | count × entry of 8 u32
 *
 * The names of a record are its subject, key and id, the frame is its payload with what the exporter's protocol wants before
 * and behind it (nothing, where it asked for none). All stand behind one another, so that the frames of many records are one
 * piece, and can be sent as such. The frames come first, so that they are written where they stay.
 *
 * An entry holds the ends of subject, key and id, counted from the start of the names; where the payload starts and ends and
 * where the frame ends, counted from the start of the buffer; the index of the operation in OPERATIONS; a hash of the key.
 */
/** Of this layout, for what outlives a process. 1 had the frames last. */
export const LANE_FORMAT = 2;
const HEAD = 16;
const ENTRY = 8;
const SUBJECT = 0;
const KEY = 1;
const ID = 2;
const PAYLOAD = 3;
const PAYLOAD_END = 4;
const FRAME_END = 5;
const OPERATION = 6;
const HASH = 7;

export interface LaneRecord {
  /** Routing key that the exporter asked for (a NATS subject); '' where it asked for none. */
  readonly subject: string;
  /** `<resource>/<namespace>/<name>`: order is kept among records of one key. */
  readonly key: string;
  readonly id: string;
  readonly operation: Operation;
  /** A view into the lane's buffer. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

export class LaneWriter {
  #names = Buffer.allocUnsafeSlow(16 * 1024);
  #namesLength = 0;
  readonly #frames = new ByteWriter(64 * 1024);
  readonly #head = new Uint8Array(HEAD);
  #words = new Uint32Array(ENTRY * 64);
  #count = 0;

  /** Where the next record's frame is written to, before `end`. */
  get frames(): ByteWriter {
    if (this.#frames.length === 0) this.#frames.bytes(this.#head);
    return this.#frames;
  }

  get count(): number {
    return this.#count;
  }

  /** A record of which the payload is all. */
  append(subject: string, key: string, id: string, operation: Operation, payload: Uint8Array): void {
    const start = this.frames.length;
    this.frames.bytes(payload);
    this.end(subject, key, id, operation, start, this.frames.length);
  }

  /**
   * Ends a record whose frame has been written to `frames`, behind that of the record before.
   * @param payloadStart,payloadEnd positions in `frames`
   */
  end(subject: string, key: string, id: string, operation: Operation, payloadStart: number, payloadEnd: number): void {
    this.#putNames(subject, key, id, this.#reserve());
    this.#end(keyHash(key), operation, payloadStart, payloadEnd);
  }

  /**
   * The same with the names as bytes, in ASCII.
   * @param from where subject, key and id stand behind one another, from `start` on
   */
  endNamed(
    from: Buffer,
    start: number,
    subjectEnd: number,
    keyEnd: number,
    idEnd: number,
    operation: Operation,
    payloadStart: number,
    payloadEnd: number,
  ): void {
    const at = this.#reserve();
    const to = this.#namesLength;
    if (to + idEnd - start > this.#names.length) this.#names = grow(this.#names, to, idEnd - start);
    from.copy(this.#names, to, start, idEnd);
    this.#words[at + SUBJECT] = to + subjectEnd - start;
    this.#words[at + KEY] = to + keyEnd - start;
    this.#namesLength = this.#words[at + ID] = to + idEnd - start;
    this.#end(bytesHash(from, subjectEnd, keyEnd), operation, payloadStart, payloadEnd);
  }

  /** Room for another entry. @returns where it begins */
  #reserve(): number {
    const at = this.#count * ENTRY;
    if (at === this.#words.length) {
      const grown = new Uint32Array(at * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    return at;
  }

  #end(hash: number, operation: Operation, payloadStart: number, payloadEnd: number): void {
    const at = this.#count * ENTRY;
    const words = this.#words;
    words[at + PAYLOAD] = payloadStart;
    words[at + PAYLOAD_END] = payloadEnd;
    words[at + FRAME_END] = this.frames.length;
    words[at + OPERATION] = OPERATIONS.indexOf(operation);
    words[at + HASH] = hash;
    this.#count++;
  }

  /** Takes back what was appended since `count` was this. */
  rollback(count: number): void {
    this.#count = count;
    this.#namesLength = count === 0 ? 0 : (this.#words[(count - 1) * ENTRY + ID] as number);
    if (this.#frames.length === 0) return;
    this.#frames.truncate(count === 0 ? HEAD : (this.#words[(count - 1) * ENTRY + FRAME_END] as number));
  }

  /** Packs what was appended and starts again empty. */
  finish(): ArrayBuffer {
    const { frames } = this;
    const names = frames.length;
    frames.bytes(this.#names.subarray(0, this.#namesLength));
    while (frames.length % 4 !== 0) frames.byte(0);
    const entries = frames.length;
    frames.bytes(new Uint8Array(this.#words.buffer, 0, this.#count * ENTRY * 4));
    frames.int32At(this.#count, 0);
    frames.int32At(names, 4);
    frames.int32At(entries, 8);
    const packed = frames.give();
    this.rollback(0);
    return packed;
  }

  #putNames(subject: string, key: string, id: string, at: number): void {
    const start = this.#namesLength;
    // One write where they are ASCII, as they are in Kubernetes.
    const text = subject + key + id;
    if (start + text.length * 3 > this.#names.length) this.#names = grow(this.#names, start, text.length * 3);
    const names = this.#names;
    const written = names.write(text, start);
    let subjectEnd = start + subject.length;
    let keyEnd = subjectEnd + key.length;
    let idEnd = start + written;
    if (written !== text.length) {
      subjectEnd = start + names.write(subject, start);
      keyEnd = subjectEnd + names.write(key, subjectEnd);
      idEnd = keyEnd + names.write(id, keyEnd);
    }
    this.#words[at + SUBJECT] = subjectEnd;
    this.#words[at + KEY] = keyEnd;
    this.#words[at + ID] = idEnd;
    this.#namesLength = idEnd;
  }
}

function grow(bytes: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, used + more));
  bytes.copy(grown, 0, 0, used);
  return grown;
}

/** 30 bits, so that V8 holds it without an object. */
function keyHash(key: string): number {
  return shortened(fnv1a(key));
}

/** `keyHash` of ASCII. */
function bytesHash(b: Buffer, start: number, end: number): number {
  return shortened(fnv1aBytes(b, start, end));
}

function shortened(hash: number): number {
  return (hash ^ (hash >>> 15)) & 0x3fffffff;
}

/** What of the buffer is in use: whoever writes it elsewhere would write, behind that, what was in the memory before. */
export function laneBytes(packed: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const [count, , entries] = new Uint32Array(packed, 0, HEAD / 4) as unknown as [number, number, number];
  return new Uint8Array(packed, 0, entries + count * ENTRY * 4);
}

export class LaneReader {
  readonly count: number;
  readonly byteLength: number;
  /** The memory up to the end of the frames. */
  readonly frames: Buffer<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #names: Buffer;

  constructor(packed: ArrayBuffer) {
    const [count, names, entries] = new Uint32Array(packed, 0, HEAD / 4) as unknown as [number, number, number];
    this.count = count;
    this.#words = new Uint32Array(packed, entries, count * ENTRY);
    this.#names = Buffer.from(packed, names, entries - names);
    this.frames = Buffer.from(packed, 0, names);
    this.byteLength = packed.byteLength;
  }

  at(index: number): LaneRecord {
    return {
      subject: this.subject(index),
      key: this.key(index),
      id: this.id(index),
      operation: this.operation(index),
      payload: this.payload(index),
    };
  }

  subject(index: number): string {
    return this.#names.toString('utf8', this.#nameStart(index), this.#word(index, SUBJECT));
  }

  /** Bytes. */
  subjectLength(index: number): number {
    return this.#word(index, SUBJECT) - this.#nameStart(index);
  }

  key(index: number): string {
    return this.#names.toString('utf8', this.#word(index, SUBJECT), this.#word(index, KEY));
  }

  /** Of the key: 30 bits, and so not always another one for another key. */
  keyHash(index: number): number {
    return this.#word(index, HASH);
  }

  id(index: number): string {
    return this.#names.toString('utf8', this.#word(index, KEY), this.#word(index, ID));
  }

  operation(index: number): Operation {
    return OPERATIONS[this.#word(index, OPERATION)] as Operation;
  }

  payload(index: number): Uint8Array<ArrayBuffer> {
    return this.frames.subarray(this.#word(index, PAYLOAD), this.#word(index, PAYLOAD_END));
  }

  payloadLength(index: number): number {
    return this.#word(index, PAYLOAD_END) - this.#word(index, PAYLOAD);
  }

  /** Positions in `frames`. */
  frameStart(index: number): number {
    return index === 0 ? HEAD : this.#word(index - 1, FRAME_END);
  }

  payloadStart(index: number): number {
    return this.#word(index, PAYLOAD);
  }

  frameEnd(index: number): number {
    return this.#word(index, FRAME_END);
  }

  #nameStart(index: number): number {
    return index === 0 ? 0 : this.#word(index - 1, ID);
  }

  #word(index: number, word: number): number {
    return this.#words[index * ENTRY + word] as number;
  }
}
