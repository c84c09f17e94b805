import type { Operation } from './record.ts';
import { OPERATIONS } from './record.ts';

/**
 * Encoded records on their way to one exporter, packed into one transferable buffer:
 *
 *     u32 count | count × entry of 5 u32 | bytes
 *
 * An entry holds the ends of subject, key, id and payload, counted from the start of the bytes (a record's parts stand
 * behind one another, so each begins where the one before ends), and the index of the operation in OPERATIONS.
 */
const ENTRY = 5;

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
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;
  #entries: number[] = [];

  get count(): number {
    return this.#entries.length / ENTRY;
  }

  append(subject: string, key: string, id: string, operation: Operation, payload: Uint8Array): void {
    const subjectEnd = this.#text(subject);
    const keyEnd = this.#text(key);
    const idEnd = this.#text(id);
    this.#reserve(payload.length);
    this.#bytes.set(payload, this.#length);
    this.#length += payload.length;
    this.#entries.push(subjectEnd, keyEnd, idEnd, this.#length, OPERATIONS.indexOf(operation));
  }

  /** Takes back what was appended since `count` was this. */
  rollback(count: number): void {
    this.#entries.length = count * ENTRY;
    this.#length = count === 0 ? 0 : (this.#entries[count * ENTRY - 2] as number);
  }

  /** Packs what was appended and starts again empty. */
  finish(): ArrayBuffer {
    const head = 4 + this.#entries.length * 4;
    const packed = new Uint8Array(head + this.#length);
    const words = new Uint32Array(packed.buffer, 0, head / 4);
    words[0] = this.count;
    words.set(this.#entries, 1);
    packed.set(this.#bytes.subarray(0, this.#length), head);
    this.#length = 0;
    this.#entries = [];
    return packed.buffer;
  }

  #text(text: string): number {
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    return this.#length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

export class LaneReader {
  readonly count: number;
  readonly byteLength: number;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;

  constructor(packed: ArrayBuffer) {
    this.count = new Uint32Array(packed, 0, 1)[0] as number;
    this.#words = new Uint32Array(packed, 4, this.count * ENTRY);
    this.#bytes = Buffer.from(packed, 4 + this.count * ENTRY * 4);
    this.byteLength = packed.byteLength;
  }

  at(index: number): LaneRecord {
    const w = index * ENTRY;
    const word = (i: number): number => this.#words[w + i] as number;
    const start = index === 0 ? 0 : (this.#words[w - 2] as number);
    return {
      subject: this.#bytes.toString('utf8', start, word(0)),
      key: this.#bytes.toString('utf8', word(0), word(1)),
      id: this.#bytes.toString('utf8', word(1), word(2)),
      operation: OPERATIONS[word(4)] as Operation,
      payload: this.#bytes.subarray(word(2), word(3)) as Uint8Array<ArrayBuffer>,
    };
  }
}

const encoder = new TextEncoder();
