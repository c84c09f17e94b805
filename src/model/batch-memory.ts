import { release } from './release.ts';

/** Of memory that holds a batch: what is read at once (watch/splitter.ts), and the records made of it with what they have more. */
export const BATCH_MEMORY = 640 * 1024;
/** Of one thread. */
const SPARES = 8;

/**
 * Memory for batches goes round: it is read into on the main thread, moves to a worker, holds there the records of a later
 * batch, and is read into again once those are sent. To allocate it on one thread and free it on another, hundreds of
 * times a second, leaves the C library's arenas full of holes.
 */
const spares: ArrayBuffer[] = [];

/** Not from Node's pool, whose buffers cannot be transferred; and not filled with zeros, which costs as much as what comes in. */
export function takeMemory(size: number): Buffer<ArrayBuffer> {
  if (size <= BATCH_MEMORY / 2 || size > BATCH_MEMORY) return Buffer.allocUnsafeSlow(size);
  const spare = spares.pop();
  return spare === undefined ? Buffer.allocUnsafeSlow(BATCH_MEMORY) : Buffer.from(spare);
}

/** The memory of a batch that nobody needs any more. Its length is 0 afterwards, for whoever still has a view of it. */
export function giveMemory(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === BATCH_MEMORY && spares.length < SPARES)
    spares.push(buffer.transferToFixedLength());
  else release(buffer);
}
