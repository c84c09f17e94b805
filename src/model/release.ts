/** Less than this is left to the garbage collector. */
const WORTHWHILE = 4096;

/**
 * Gives the memory of a buffer back at once; its length is 0 afterwards. The memory of buffers is not in V8's heap, which hardly
 * grows beside it: so what is left to the garbage collector stays until V8 has counted 64 MB of it, and then costs a full
 * collection, of the whole heap and in every thread (half of all CPU at full load, measured).
 */
export function release(buffer: ArrayBufferLike): void {
  if (buffer.byteLength < WORTHWHILE || !(buffer instanceof ArrayBuffer)) return;
  try {
    buffer.transferToFixedLength(0); // of a resizable one, `transfer` would reserve as much again
  } catch {
    // One that others use too (Node's pool of small buffers): it cannot be given back.
  }
}
