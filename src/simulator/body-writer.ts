import type { ServerResponse } from 'node:http';
import { bytesHeld, type Chunk, chunkForWriting } from './chunks.ts';
import { memoryAt, render } from './renderer.ts';
import { readSnapshot, type Snapshot } from './table.ts';
import type { Template } from './template.ts';
import { emptyMoment, type Moment } from './template-fields.ts';
import { type View, visible } from './view.ts';

/** Largest object, with what is around it. */
const OBJECT_BYTES = 32 * 1024;
/** Bytes that are written at once, where so many wait. */
const WRITE_BYTES = 4 * 1024 * 1024;

/** A part of a chunk, between two addresses. */
interface Rendered {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
}

/** Collects rendered bytes and writes them in large pieces. */
export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #heldBytes: number;
  /** Where the bytes that are not written are, from one address to another. */
  #chunk: Chunk | undefined;
  #from = 0;
  #to = 0;
  /** Not written yet. */
  #waiting: Rendered[] = [];
  /** Of the writes that have not ended. */
  #sent: Chunk[] = [];
  #held = false;
  #ending = false;
  #released: (() => void) | undefined;
  /** Is to go on with what did not fit. */
  onRelease: (() => void) | undefined;

  /** @param heldBytes of all responses together, while this one is held */
  constructor(response: ServerResponse, heldBytes: number) {
    this.#response = response;
    this.#heldBytes = heldBytes;
    response.once('close', () => {
      this.#chunk?.release();
      this.#chunk = undefined;
      for (const { chunk } of this.#waiting.splice(0)) chunk.release();
      for (const chunk of this.#sent.splice(0)) chunk.release();
    });
  }

  /** What comes next begins another write. */
  get full(): boolean {
    return this.#chunk !== undefined && !this.#chunk.room(OBJECT_BYTES);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    const chunk = this.#room(length);
    memoryAt(chunk.used, length).write(text);
    this.#to = chunk.used += length;
  }

  /** @param program of the template's form @param around an envelope of the renderer */
  object(program: number, t: Template, around: number, moment: Moment): void {
    const chunk = this.#room(t.size);
    this.#to = chunk.used = render(program, t.variant, around, moment, chunk.used);
  }

  /** Keeps what is rendered, of all responses up to `heldBytes`. */
  hold(): void {
    this.#held = true;
  }

  /** Writes what was kept, and what is rendered from now on. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#released?.();
    if (this.#ending) this.end();
    else this.onRelease?.();
  }

  /**
   * Hands what was collected to the socket. @returns false where the reader is behind, or what is held is too much: wait for
   * `drain`, or the release
   */
  flush(): boolean {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (this.#response.destroyed) {
      chunk?.release();
      return false;
    }
    if (chunk !== undefined) this.#waiting.push({ chunk, from: this.#from, to: this.#to });
    if (this.#held) return bytesHeld() < this.#heldBytes;
    while (this.#waiting.length > 0 && !this.#response.writableNeedDrain) this.#write();
    return !this.#response.writableNeedDrain;
  }

  /** Ends the response behind what was rendered. */
  end(): void {
    this.#ending = true;
    this.flush();
    if (this.#held || this.#response.destroyed) return;
    if (this.#waiting.length === 0) this.#response.end();
    else this.#response.once('drain', () => this.end());
  }

  /** Waits until the reader has caught up. @returns false where it has gone */
  async drained(): Promise<boolean> {
    const response = this.#response;
    while (!this.flush() && !response.destroyed) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off('drain', go).off('close', go);
          this.#released = undefined;
          resolve();
        };
        this.#released = go;
        response.on('drain', go).on('close', go);
      });
    }
    return !response.destroyed;
  }

  #write(): void {
    for (let bytes = 0; bytes < WRITE_BYTES; ) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      bytes += next.to - next.from;
      this.#sent.push(next.chunk);
      this.#response.write(memoryAt(next.from, next.to - next.from), () => this.#sent.shift()?.release());
    }
  }

  #room(bytes: number): Chunk {
    const chunk = this.#chunk;
    // another writer may have rendered into it meanwhile
    if (chunk !== undefined && chunk.used === this.#to && chunk.room(bytes)) return chunk;
    if (chunk !== undefined) this.flush();
    this.#chunk = chunkForWriting();
    this.#chunk.hold();
    this.#from = this.#to = this.#chunk.used;
    return this.#chunk;
  }
}

/**
 * Goes through a snapshot from a slot on and calls `each` for what the client sees, waiting for slow readers.
 * @returns false where the reader has gone
 */
export async function writeSnapshot(
  w: BodyWriter,
  view: View,
  s: Snapshot,
  from: number,
  each: (t: Template, m: Moment) => void,
): Promise<boolean> {
  const moment = emptyMoment();
  for (let slot = from; slot < s.slots; slot++) {
    if (!readSnapshot(s, slot, view.served.table.salt, moment)) continue;
    const template = visible(view, moment);
    if (template === undefined) continue;
    each(template, moment);
    if (w.full && !w.flush() && !(await w.drained())) return false;
  }
  return true;
}
