import { ByteWriter } from 'hyparquet-writer';

/**
 * Keeps the bytes of finished row groups as they are, where hyparquet-writer's own writer would copy all of them each time
 * it grows. `flush` is called by ParquetWriter behind each row group.
 */
export class ChunkWriter extends ByteWriter {
  readonly #chunks: Uint8Array[] = [];

  flush(): void {
    this.#chunks.push(new Uint8Array(this.getBuffer()));
    this.index = 0;
  }

  /** The whole file in one buffer. */
  join(): ArrayBuffer {
    this.flush();
    const file = new Uint8Array(this.offset);
    let at = 0;
    for (const chunk of this.#chunks.splice(0)) {
      file.set(chunk, at);
      at += chunk.length;
    }
    return file.buffer;
  }
}
