import { release } from '../../model/release.ts';

/** A file that is smaller is put together at its end: address space of its own costs more than it is worth. */
const SMALL = 2 ** 20;
/** Address space that a larger file is given, which is no memory yet. One that needs more moves. */
const RESERVED = 128 * 2 ** 20;
const SHORT = 1024;

/**
 * The bytes of a file that grows. A large one stands where it is until it is stored. Were it pieces that are put together at its
 * end, it would be there twice: the C library keeps what is freed in small pieces.
 */
export class FileBytes {
  readonly #small: number;
  readonly #reserved: number;
  /** While it is small; their buffers are its own. */
  #pieces: Uint8Array[] = [];
  #standing: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** @param small a file up to here is in pieces */
  constructor(small = SMALL, reserved = RESERVED) {
    this.#small = small;
    this.#reserved = reserved;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the pieces over, with the buffers that they are in. */
  append(pieces: readonly Uint8Array[]): void {
    const start = this.#length;
    for (const piece of pieces) this.#length += piece.length;
    if (this.#standing !== undefined) {
      this.#standing = resized(this.#standing, this.#length);
      move(pieces, this.#standing, start);
      return;
    }
    for (const piece of pieces) this.#pieces.push(piece);
    if (this.#length <= this.#small) return;
    this.#standing = resizable(this.#length, this.#reserved);
    move(this.#pieces.splice(0), this.#standing, 0);
  }

  /** Gives the bytes away. */
  finish(): ArrayBuffer {
    if (this.#standing !== undefined) return this.#standing.buffer;
    const whole = new Uint8Array(this.#length);
    move(this.#pieces.splice(0), whole, 0);
    return whole.buffer;
  }
}

/** Its length is that of its buffer, always. */
function resizable(length: number, reserved: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length, { maxByteLength: Math.max(reserved, length * 2) }));
}

function resized(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= bytes.buffer.maxByteLength) {
    bytes.buffer.resize(length);
    return bytes;
  }
  const moved = resizable(length, 0);
  move([bytes], moved, 0);
  return moved;
}

function move(pieces: readonly Uint8Array[], to: Uint8Array, start: number): void {
  let at = start;
  for (const piece of pieces) {
    to.set(piece, at);
    at += piece.length;
    // Of a short one there may be no buffer before it is asked for.
    if (piece.length > SHORT) release(piece.buffer);
  }
}
