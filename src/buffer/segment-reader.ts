import { type Frame, PREFIX, type Prefix, readFrame, readPrefix } from './frame.ts';
import type { BufferStorage } from './storage.ts';

/** Bytes that are read at once, unless one frame is larger. */
const CHUNK = 2 ** 20;

/**
 * Reads the frames of one segment in order, and steps over what is damaged: a frame alone where its prefix is whole, else
 * all the rest of the segment.
 */
export class SegmentReader {
  readonly #storage: BufferStorage;
  readonly #name: string;
  readonly #chunkSize: number;
  #offset: number;
  /** Used again for every chunk: what was read of one is not used any more when the next is loaded. */
  #space = Buffer.alloc(0);
  #chunk = Buffer.alloc(0);
  #chunkAt = 0;
  /** Bytes that the next frame needs. */
  #wanted = 0;
  /** The file had no more than what is loaded. */
  #ended = false;
  /** Bytes that were stepped over. */
  skipped = 0;

  constructor(storage: BufferStorage, name: string, offset: number, chunkSize = CHUNK) {
    this.#storage = storage;
    this.#name = name;
    this.#offset = offset;
    this.#chunkSize = chunkSize;
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
    for (;;) {
      const prefix = this.#prefix(size);
      if (prefix === undefined) return undefined;
      const start = this.#offset - this.#chunkAt;
      if (this.#chunk.length - start < prefix.length) {
        this.#wanted = prefix.length;
        return this.#ended ? this.#skipTo(size) : undefined;
      }
      const frame = readFrame(prefix, this.#chunk.subarray(start + PREFIX, start + prefix.length));
      if (frame === undefined) this.#skipTo(this.#offset + prefix.length);
      else {
        this.#offset += prefix.length;
        return frame;
      }
    }
  }

  /** As `take`, of the prefix alone: whether what is behind it is damaged is told only when it is taken. */
  skim(size: number): Prefix | undefined {
    const prefix = this.#prefix(size);
    this.#offset += prefix?.length ?? 0;
    return prefix;
  }

  /** Loads what `take` or `skim` asked for. */
  async fill(size: number): Promise<void> {
    const length = Math.min(Math.max(this.#chunkSize, this.#wanted), size - this.#offset);
    // One that is larger than usual is not kept.
    if (this.#space.length < length || this.#space.length > this.#chunkSize)
      this.#space = Buffer.allocUnsafeSlow(length);
    const chunk = this.#space.subarray(0, length);
    // What stands in the space is not valid any more, and not yet: until the read is over nothing is loaded.
    this.#chunk = chunk.subarray(0, 0);
    this.#chunkAt = this.#offset;
    this.#ended = false;
    this.#wanted = 0;
    const read = await this.#storage.read(this.#name, chunk, this.#chunkAt);
    this.#ended = read < chunk.length;
    this.#chunk = chunk.subarray(0, read);
  }

  #prefix(size: number): Prefix | undefined {
    if (this.#offset >= size) return undefined;
    if (size - this.#offset < PREFIX) return this.#skipTo(size);
    const start = this.#offset - this.#chunkAt;
    if (this.#chunk.length - start < PREFIX) return this.#ended ? this.#skipTo(size) : undefined;
    const prefix = readPrefix(this.#chunk, start);
    return prefix === undefined || this.#offset + prefix.length > size ? this.#skipTo(size) : prefix;
  }

  #skipTo(offset: number): undefined {
    this.skipped += offset - this.#offset;
    this.#offset = offset;
    return undefined;
  }
}
