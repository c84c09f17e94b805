import { type Frame, lengthAt, PREFIX, readFrame } from './frame.ts';
import type { BufferStorage } from './storage.ts';

/** Bytes that are read at once, unless one frame is larger. */
const CHUNK = 2 ** 20;

/**
 * Reads the frames of one segment in order, and steps over what is damaged: a frame with a wrong checksum alone where
 * another one stands behind it, else all the rest.
 */
export class SegmentReader {
  readonly #storage: BufferStorage;
  readonly #name: string;
  #offset: number;
  /** Used again for every chunk: what was read of one is not used any more when the next is loaded. */
  #space = Buffer.alloc(0);
  #chunk = Buffer.alloc(0);
  #chunkAt = 0;
  #ended = false;
  /** Bytes that were stepped over. */
  skipped = 0;

  constructor(storage: BufferStorage, name: string, offset: number) {
    this.#storage = storage;
    this.#name = name;
    this.#offset = offset;
  }

  /** Where the next frame begins. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The next frame, a view that `fill` invalidates; undefined where it is not loaded yet, or `offset` has come to the size.
   * @param size bytes of the segment that are written
   */
  take(size: number): Frame | undefined {
    while (this.#offset < size) {
      const start = this.#offset - this.#chunkAt;
      const loaded = this.#chunk.length - start;
      if (size - this.#offset < PREFIX) return this.#skipTo(size);
      if (loaded < 4) return this.#ended ? this.#skipTo(size) : undefined;
      const length = lengthAt(this.#chunk, start);
      if (length === undefined || this.#offset + length > size) return this.#skipTo(size);
      if (loaded < length) return this.#ended ? this.#skipTo(size) : undefined;
      const frame = readFrame(this.#chunk.subarray(start, start + length));
      if (frame === undefined) {
        this.#skipTo(this.#offset + length);
        continue;
      }
      this.#offset += length;
      return frame;
    }
    return undefined;
  }

  /** Loads what `take` asked for. */
  async fill(size: number): Promise<void> {
    const start = this.#offset - this.#chunkAt;
    const known = this.#chunk.length - start >= 4 ? (lengthAt(this.#chunk, start) ?? 0) : 0;
    const length = Math.min(Math.max(CHUNK, known), size - this.#offset);
    // One that is larger than usual is not kept.
    if (this.#space.length < length || this.#space.length > CHUNK) this.#space = Buffer.allocUnsafeSlow(length);
    const chunk = this.#space.subarray(0, length);
    const offset = this.#offset;
    const read = await this.#storage.read(this.#name, chunk, offset);
    this.#ended = read < chunk.length;
    this.#chunk = chunk.subarray(0, read);
    this.#chunkAt = offset;
  }

  #skipTo(offset: number): undefined {
    this.skipped += offset - this.#offset;
    this.#offset = offset;
    return undefined;
  }
}
