import { reserve } from './renderer.ts';

/**
 * Bytes that are rendered and written at a time: what one response holds beyond the socket's own buffer. A write of 1 MiB
 * costs the kernel half of what four of 256 KiB do.
 */
const CHUNK_BYTES = 1024 * 1024;
/** A chunk of which more is used takes no further writer. */
const SHARED_UP_TO = CHUNK_BYTES / 4;

/** A part of the renderer's memory that responses are written from. It is used again when none of them needs it. */
export class Chunk {
  readonly start = reserve(CHUNK_BYTES);

  constructor() {
    chunks++;
  }

  /** Address behind what was written. */
  used = this.start;
  /** Writers that have rendered something that is not sent. */
  #holders = 0;

  room(bytes: number): boolean {
    return this.used + bytes <= this.start + CHUNK_BYTES;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.used = this.start;
    if (this !== current) spare.push(this);
  }
}

const spare: Chunk[] = [];
let chunks = 0;
let current = new Chunk();

/** The chunk to render into. */
export function chunkForWriting(): Chunk {
  if (current.used - current.start > SHARED_UP_TO) current = spare.pop() ?? new Chunk();
  return current;
}

/** Bytes of the chunks that hold something. */
export function bytesHeld(): number {
  return (chunks - spare.length) * CHUNK_BYTES;
}
