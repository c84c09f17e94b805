import { DeltaWriter, readDelta } from '../../model/delta.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * The known objects of a stream as the deltas that made them: to keep those costs a copy of bytes, and no object of
 * JavaScript for each known one. They are put together when there is twice as much of them as there was then.
 */
export class KnownLog {
  #deltas: Uint8Array[] = [];
  #bytes = 0;
  /** At which they are put together. */
  #limit = CHUNK_BYTES;

  /** The buffer stays the caller's. */
  append(delta: ArrayBuffer): void {
    this.#deltas.push(new Uint8Array(delta.slice(0)));
    this.#bytes += delta.byteLength;
    if (this.#bytes < this.#limit) return;
    this.#compact();
    this.#limit = Math.max(CHUNK_BYTES, this.#bytes * 2);
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
