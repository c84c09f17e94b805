import { release } from '../../model/release.ts';

/** Address space that a file is given, which is no memory yet. One that needs more moves. */
const RESERVED = 128 * 2 ** 20;

/**
 * The bytes of a file that grows, where they stand until they are stored. Were it pieces that are put together at its end, it
 * would be there twice: the C library keeps what is freed in small pieces.
 */
export class FileBytes {
  #buffer: ArrayBuffer;
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(reserved = RESERVED) {
    this.#buffer = new ArrayBuffer(0, { maxByteLength: reserved });
    this.#bytes = new Uint8Array(this.#buffer);
  }

  get length(): number {
    return this.#buffer.byteLength;
  }

  /** Takes the pieces over: they are copied, and the buffers that they are in are given back. */
  append(pieces: readonly Uint8Array[]): void {
    let at = this.length;
    this.#resize(pieces.reduce((sum, piece) => sum + piece.length, at));
    for (const piece of pieces) {
      this.#bytes.set(piece, at);
      at += piece.length;
      release(piece.buffer);
    }
  }

  /** Gives the bytes away. */
  finish(): ArrayBuffer {
    return this.#buffer;
  }

  #resize(length: number): void {
    const old = this.#bytes;
    if (length > this.#buffer.maxByteLength) {
      this.#buffer = new ArrayBuffer(length, { maxByteLength: length * 2 });
      this.#bytes = new Uint8Array(this.#buffer);
      this.#bytes.set(old);
      release(old.buffer);
    } else this.#buffer.resize(length);
  }
}
