import { DeltaWriter, readDelta } from '../../model/delta.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Of some 300,000 objects. */
const LEAST_BYTES = 32 * 2 ** 20;

/**
 * The known objects of a stream as the deltas that made them: to keep those costs no object of JavaScript for each known one.
 * They are put together when there is twice as much of them as there was then, and not before there is much: that makes such
 * objects, and what a first list has found cannot be put together.
 */
export class KnownLog {
  #deltas: Uint8Array[] = [];
  #bytes = 0;
  /** At which they are put together. */
  #limit: number;
  readonly #leastBytes: number;

  constructor(leastBytes = LEAST_BYTES) {
    this.#leastBytes = leastBytes;
    this.#limit = leastBytes;
  }

  /** In memory. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** Keeps the buffer. */
  append(delta: ArrayBuffer): void {
    this.#deltas.push(new Uint8Array(delta));
    this.#bytes += delta.byteLength;
    if (this.#bytes < this.#limit) return;
    this.#compact();
    this.#limit = Math.max(this.#leastBytes, this.#bytes * 2);
  }

  /** What is known, as deltas of puts of about 1 MiB at most. */
  *chunks(): Generator<ArrayBuffer> {
    this.#compact();
    for (const chunk of this.#deltas) yield chunk.slice().buffer;
  }

  #compact(): void {
    const known = new Map<string, Buffer>();
    for (const delta of this.#deltas) {
      for (const { key, value } of readDelta(delta)) {
        if (value === undefined) known.delete(key);
        else known.set(key, value);
      }
    }
    const chunks: Uint8Array[] = [];
    const writer = new DeltaWriter();
    let bytes = 0;
    for (const [key, value] of known) {
      writer.put(key, value);
      bytes += key.length + value.length;
      if (bytes < CHUNK_BYTES) continue;
      chunks.push(new Uint8Array(writer.finish()));
      bytes = 0;
    }
    if (writer.count > 0) chunks.push(new Uint8Array(writer.finish()));
    this.#deltas = chunks;
    this.#bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}
