/**
 * A 64-bit hash in two 32-bit halves, of four chains of multiplications so that the processor has work while it waits for
 * one. Not cryptographic: it tells an object from its next version. Its values are kept in the state store, so the same
 * bytes must give the same value in every version.
 */
export interface Fingerprint {
  low: number;
  high: number;
}

/**
 * @param bytes a buffer at whose offset 32-bit words are aligned
 * @param length how many bytes from its start count; at most 3 bytes behind are overwritten with 0
 */
export function fingerprint(words: Int32Array, bytes: Uint8Array, length: number, out: Fingerprint): void {
  for (let i = length; (i & 3) !== 0; i++) bytes[i] = 0;
  const count = (length + 3) >> 2;
  let a = 0x2f0b4c47 ^ length;
  let b = 0x7ed55d16;
  let c = 0x165667b1 ^ length;
  let d = 0x3c6ef372;
  let i = 0;
  for (; i + 1 < count; i += 2) {
    const x = words[i] as number;
    const y = words[i + 1] as number;
    a ^= Math.imul(x, 0xcc9e2d51);
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0x6b64e6b5) | 0;
    b ^= Math.imul(y, 0x1b873593);
    b = (Math.imul((b << 15) | (b >>> 17), 9) + 0x561ccd1b) | 0;
    c = Math.imul(c ^ x, 0x9e3779b1);
    c = (c << 11) | (c >>> 21);
    d = Math.imul(d ^ y, 0x85ebca77);
    d = (d << 17) | (d >>> 15);
  }
  if (i < count) {
    const x = words[i] as number;
    a ^= Math.imul(x, 0xcc9e2d51);
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0x6b64e6b5) | 0;
    c = Math.imul(c ^ x, 0x9e3779b1);
    c = (c << 11) | (c >>> 21);
  }
  out.low = mix(a ^ mix(b + 0x27d4eb2f));
  out.high = mix(c ^ mix(d ^ 0x3243f6a9));
}

/** Lets every bit of the input reach every bit of the output (the finalizer of MurmurHash3, public domain). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
