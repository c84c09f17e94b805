import { BATCH_MEMORY, giveMemory, takeMemory } from '../model/batch-memory.ts';
import { frameResourceVersion, frameType } from '../model/frame-scan.ts';

/** Frames handed out together: about this many bytes at most, but always a whole frame. */
export const BATCH_BYTES = 512 * 1024;
/** Far above etcd's limit of about 1.5 MiB for an object; a line longer than this is an aggregated server gone wrong. */
export const MAX_FRAME_BYTES = 64 * 2 ** 20;
const SMALLEST_BUFFER = 4096;
const KEPT_BUFFER = 16 * 1024;
const NEWLINE = 10;

export type Split =
  | {
      /** Whole frames in a buffer of their own. */
      readonly type: 'frames';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly count: number;
      readonly resourceVersion: string;
    }
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly endsInitialEvents: boolean }
  /** The line of an ERROR event; its object is a Status. */
  | { readonly type: 'error'; readonly text: string }
  /** A frame was longer than the limit and was left out. */
  | { readonly type: 'oversized'; readonly byteLength: number };

/**
 * Cuts a watch response into frames. Bytes go in as they come, whatever they end in; whole frames come out, in order,
 * in buffers that can be transferred. Only as much is held as was pushed and not taken.
 */
export class Splitter {
  readonly #maxFrame: number;
  #buffer: Buffer<ArrayBuffer> = EMPTY;
  /** Start of what was not handed out, end of what was looked through for a newline, end of what was pushed. */
  #start = 0;
  #searched = 0;
  #end = 0;
  /** Bytes of an oversized frame left out so far, or -1. */
  #skipped = -1;
  /** The last batch was a large one. */
  #isBusy = false;

  constructor(maxFrame = MAX_FRAME_BYTES) {
    this.#maxFrame = maxFrame;
  }

  /** Bytes pushed and not handed out. */
  get pending(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    this.#reserve(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next thing in order, or undefined where more bytes are needed. */
  next(): Split | undefined {
    if (this.#skipped >= 0) {
      const done = this.#skip();
      if (done !== undefined || this.#skipped >= 0) return done;
    }
    let line = this.#start;
    let last = line;
    let count = 0;
    for (;;) {
      const newline = this.#find(Math.max(line, this.#searched));
      if (newline === -1) {
        this.#searched = this.#end;
        if (count > 0) break;
        if (this.#end - line > this.#maxFrame) return this.#beginSkip();
        return undefined;
      }
      const special = this.#special(line, newline, count);
      if (special === 'later') break;
      if (special === 'skip') {
        this.#consume(newline + 1);
        line = this.#start;
        continue;
      }
      if (special !== undefined) {
        this.#consume(newline + 1);
        return special;
      }
      count++;
      last = line;
      line = newline + 1;
      if (line - this.#start >= BATCH_BYTES) break;
    }
    const resourceVersion = frameResourceVersion(this.#buffer, last, line - 1);
    return { type: 'frames', bytes: this.#take(line), count, resourceVersion };
  }

  /** Looks at one line: undefined for data, 'later' where data before it has to go first, 'skip' for an empty line. */
  #special(line: number, newline: number, before: number): Split | 'later' | 'skip' | undefined {
    const buffer = this.#buffer;
    const oversized = newline - line > this.#maxFrame;
    const type = oversized ? 'UNKNOWN' : frameType(buffer, line, newline);
    if (
      !oversized &&
      type !== 'BOOKMARK' &&
      type !== 'ERROR' &&
      !(type === 'UNKNOWN' && blank(buffer, line, newline))
    ) {
      return undefined;
    }
    if (before > 0) return 'later';
    if (oversized) return { type: 'oversized', byteLength: newline - line };
    if (type === 'ERROR') return { type: 'error', text: buffer.toString('utf8', line, newline) };
    if (type === 'UNKNOWN') return 'skip';
    const resourceVersion = frameResourceVersion(buffer, line, newline);
    const endsInitialEvents = buffer.subarray(line, newline).includes(INITIAL_EVENTS_END);
    return { type: 'bookmark', resourceVersion, endsInitialEvents };
  }

  #find(from: number): number {
    const at = this.#buffer.indexOf(NEWLINE, from);
    return at === -1 || at >= this.#end ? -1 : at;
  }

  /** Hands out everything up to `to`: the buffer itself where that is most of it, else a copy. */
  #take(to: number): Uint8Array<ArrayBuffer> {
    const start = this.#start;
    this.#isBusy = to - start >= BATCH_BYTES / 2;
    if (start > 0 || to * 2 < this.#buffer.length) {
      const copy = takeMemory(to - start);
      this.#buffer.copy(copy, 0, start, to);
      this.#consume(to);
      return new Uint8Array(copy.buffer, 0, to - start);
    }
    const given = this.#buffer;
    const rest = given.subarray(to, this.#end);
    const searched = Math.max(0, this.#searched - to);
    this.#buffer = rest.length === 0 ? EMPTY : takeMemory(this.#roomFor(rest.length * 2));
    this.#buffer.set(rest);
    this.#start = 0;
    this.#searched = searched;
    this.#end = rest.length;
    return new Uint8Array(given.buffer, 0, to);
  }

  #consume(to: number): void {
    this.#start = to;
    this.#searched = Math.max(this.#searched, to);
    if (to < this.#end) return;
    this.#start = 0;
    this.#searched = 0;
    this.#end = 0;
    // an idle watch holds next to nothing
    if (this.#buffer.length > KEPT_BUFFER) this.#replace(EMPTY);
  }

  #beginSkip(): undefined {
    this.#skipped = this.#end - this.#start;
    this.#consume(this.#end);
  }

  #skip(): Split | undefined {
    const newline = this.#find(this.#start);
    const to = newline === -1 ? this.#end : newline;
    this.#skipped += to - this.#start;
    if (newline === -1) {
      this.#consume(this.#end);
      return undefined;
    }
    this.#consume(newline + 1);
    const byteLength = this.#skipped;
    this.#skipped = -1;
    return { type: 'oversized', byteLength };
  }

  #replace(buffer: Buffer<ArrayBuffer>): void {
    giveMemory(this.#buffer.buffer);
    this.#buffer = buffer;
  }

  /** While batch follows on batch, room for a whole one at once: one that grows is copied each time. */
  #roomFor(bytes: number): number {
    return Math.max(SMALLEST_BUFFER, bytes, this.#isBusy && bytes > KEPT_BUFFER ? BATCH_MEMORY : 0);
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#buffer.length) return;
    const held = this.#end - this.#start;
    const roomy = held + more <= this.#buffer.length;
    const target = roomy
      ? this.#buffer
      : takeMemory(this.#roomFor(Math.max(held + more, Math.min(held * 2, held + 2 ** 24))));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    if (!roomy) this.#replace(target);
    this.#searched -= this.#start;
    this.#end = held;
    this.#start = 0;
  }
}

const EMPTY = Buffer.from(new ArrayBuffer(0));
const INITIAL_EVENTS_END = Buffer.from('"k8s.io/initial-events-end"');

function blank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) > 32) return false;
  return true;
}
