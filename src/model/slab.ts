import { systemMemory } from './web-assembly.ts';

/** Bytes of one piece. */
export const PIECE_BYTES = 256 * 1024;
/** Pieces that come from the system at once. Each time takes 8 GiB of addresses. */
const PIECES = 128;

interface Slab {
  /** Pieces that nobody has. */
  readonly free: Buffer[];
}

/**
 * Memory of this thread for what stays, in pieces of one size. The C library would put it between buffers that come and go with
 * each batch, whose holes stay with the process: with 100,000 pods and `diff` that was 30 MiB beside 70.
 */
const slabs: Slab[] = [];
const owners = new WeakMap<ArrayBufferLike, Slab>();

export function takePiece(): Buffer {
  const slab = slabs.find((s) => s.free.length > 0) ?? newSlab();
  return slab?.free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
}

/** The piece is not used any more. */
export function givePiece(piece: Buffer): void {
  const slab = owners.get(piece.buffer);
  if (slab === undefined) return; // it is the collector's
  slab.free.push(piece);
  // back to the system, but for one that is likely to be needed again
  if (slab.free.length === PIECES && slabs.some((s) => s !== slab && s.free.length > 0))
    slabs.splice(slabs.indexOf(slab), 1);
}

function newSlab(): Slab | undefined {
  let memory: ArrayBuffer;
  try {
    memory = systemMemory(PIECES * PIECE_BYTES);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // no addresses left: the C library has others
    throw error;
  }
  const free = Array.from({ length: PIECES }, (_, i) =>
    Buffer.from(memory, (PIECES - 1 - i) * PIECE_BYTES, PIECE_BYTES),
  );
  const slab = { free };
  slabs.push(slab);
  owners.set(memory, slab);
  return slab;
}
