import { constants, zstdCompressSync } from 'node:zlib';
import { release } from '../../model/release.ts';

const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1 };
/** What Node takes at least. */
const MIN_CHUNK = 64;

/**
 * Compresses with zstd, into a buffer of its own that is as long as what is in it. Node gives a view into a chunk of 16 KiB, and
 * pages are small and kept until their file is stored: together such chunks took twice the memory of the file. What does
 * not fit into one chunk, Node puts together of several. So there is one that anything fits into, and the result is copied.
 */
export function compress(bytes: Uint8Array): Uint8Array {
  const compressed = zstdCompressSync(bytes, { params: PARAMS, chunkSize: Math.max(MIN_CHUNK, bound(bytes.length)) });
  const copy = new Uint8Array(compressed.length);
  copy.set(compressed);
  release(compressed.buffer);
  return copy;
}

/** ZSTD_COMPRESSBOUND of zstd.h, and a byte: a chunk that is filled to its end is followed by another one. */
function bound(length: number): number {
  return length + (length >>> 8) + 65;
}
