const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** 32-bit FNV-1a of the text's UTF-16 code units; the same on every machine and in every version. */
export function fnv1a(text: string): number {
  let hash = BASIS;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash >>> 0;
}

/** 32-bit FNV-1a of bytes: the same as of a text where they are ASCII. */
export function fnv1aBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = BASIS;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), PRIME);
  return hash >>> 0;
}

/** A number of 64 bits in two unsigned halves: a BigInt an object would cost more than all else that is done with it. */
export interface Halves {
  high: number;
  low: number;
}

/** 64-bit FNV-1a of bytes, into `out`: what Kubernetes' `shardRange` goes by (apimachinery `sharding.HashField`). */
export function fnv1a64(bytes: Uint8Array, start: number, end: number, out: Halves): void {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = start; i < end; i++) {
    low = (low ^ (bytes[i] as number)) >>> 0;
    // The prime is 2^40 + 0x1b3. A half times 0x1b3 is below 2^41, which a double holds.
    const product = low * 0x1b3;
    const carry = Math.floor(product / 2 ** 32);
    high = (Math.imul(high, 0x1b3) + (low << 8) + carry) >>> 0;
    low = product >>> 0;
  }
  out.high = high;
  out.low = low;
}
