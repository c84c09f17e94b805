import { Buffer } from 'node:buffer';
import type { ObjectKey } from './object-key.ts';

/** What a thread was doing when it ended. */
export interface Culprit {
  /** The stream, as its tasks name it. */
  readonly stream: string;
  readonly object:
    | { readonly key: string; readonly resourceVersion: string }
    /** A text whose key was not read yet; known by its hash. */
    | { readonly text: string }
    /** One whose key was not read yet, and which it was is not known: only a careful reader makes hashes. */
    | 'unread'
    /** It was no object. */
    | undefined;
}

const PHASE = 0;
const STREAM_LENGTH = 1;
const KEY_LENGTH = 2;
const VERSION_LENGTH = 3;
const LOW = 4;
const HIGH = 5;
const WORDS = 6;

const IDLE = 0;
/** Something of a stream that is no object. */
const TASK = 1;
const READING = 2;
const TEXT = 3;
const OBJECT = 4;

const STREAM_BYTES = 512;
/** A namespace and a name have 317 at most; what is longer is cut, also where it is compared. */
const KEY_BYTES = 1024;
const VERSION_BYTES = 128;
const STREAM_AT = WORDS * 4;
const KEY_AT = STREAM_AT + STREAM_BYTES;
const VERSION_AT = KEY_AT + KEY_BYTES;

/**
 * A thread notes here which object it is about to process, in memory that it shares with the main thread and that outlives
 * it: so it is known what ended it. Costs about 0.1 µs an object. Read only when the thread has ended or hangs.
 */
export class WorkTrace {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(shared = new SharedArrayBuffer(VERSION_AT + VERSION_BYTES)) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, WORDS);
    this.#bytes = Buffer.from(shared as unknown as ArrayBuffer);
  }

  task(stream: string): void {
    this.#words[STREAM_LENGTH] = this.#bytes.write(stream, STREAM_AT, STREAM_BYTES);
    this.#words[PHASE] = TASK;
  }

  /** An object whose key is not known yet. */
  reading(): void {
    this.#words[PHASE] = READING;
  }

  text(low: number, high: number): void {
    this.#words[LOW] = low;
    this.#words[HIGH] = high;
    this.#words[PHASE] = TEXT;
  }

  /** @param start,end of its resourceVersion in a text, without quotes */
  object(key: ObjectKey, b: Buffer, start: number, end: number): void {
    const keyLength = Math.min(key.length, KEY_BYTES);
    key.bytes.copy(this.#bytes, KEY_AT, 0, keyLength);
    const length = Math.min(Math.max(0, end - start), VERSION_BYTES);
    for (let i = 0; i < length; i++) this.#bytes[VERSION_AT + i] = b[start + i] as number;
    this.#words[KEY_LENGTH] = keyLength;
    this.#words[VERSION_LENGTH] = length;
    this.#words[PHASE] = OBJECT;
  }

  /** The objects of the task are done, the task is not. */
  behind(): void {
    this.#words[PHASE] = TASK;
  }

  idle(): void {
    this.#words[PHASE] = IDLE;
  }

  /** @returns undefined where the thread had nothing to do */
  read(): Culprit | undefined {
    const phase = this.#words[PHASE] as number;
    if (phase === IDLE) return undefined;
    const slice = (at: number, lengthAt: number): string =>
      this.#bytes.toString('utf8', at, at + (this.#words[lengthAt] as number));
    const stream = slice(STREAM_AT, STREAM_LENGTH);
    if (phase === OBJECT) {
      const object = { key: slice(KEY_AT, KEY_LENGTH), resourceVersion: slice(VERSION_AT, VERSION_LENGTH) };
      return { stream, object };
    }
    if (phase === TEXT)
      return { stream, object: { text: textId(this.#words[LOW] as number, this.#words[HIGH] as number) } };
    return { stream, object: phase === READING ? 'unread' : undefined };
  }
}

/** Name of a text by the two halves of its hash. */
export function textId(low: number, high: number): string {
  return `${(low >>> 0).toString(16)}:${(high >>> 0).toString(16)}`;
}
