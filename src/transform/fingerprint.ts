/**
 * A 64-bit hash in two 32-bit halves. Not cryptographic: it tells an object from its next version. Its values are kept in the
 * state store, so the same bytes must give the same value; known-value.ts has a version for where they do not.
 *
 * Words of 32 bits, little-endian, the last 16 of them filled up with zeros. Each goes into one of 16 lanes, twice, with
 * different factors, so that a processor works on four lanes at once (assembly/fingerprint.ts); a half is made of all lanes of one
 * factor.
 */
export interface Fingerprint {
  low: number;
  high: number;
}

const LANES = 16;
/** What is hashed has to have room up to a multiple of it, in bytes. */
export const STRIPE = LANES * 4;

const lanes = new Int32Array(LANES * 2);

/**
 * @param bytes a buffer at whose offset 32-bit words are aligned
 * @param length how many bytes from its start count; those behind, of the same stripe, are overwritten with 0
 */
export function fingerprint(words: Int32Array, bytes: Uint8Array, length: number, out: Fingerprint): void {
  for (let i = length; i % STRIPE !== 0; i++) bytes[i] = 0;
  lanes.fill(0);
  for (let i = 0; i * 4 < length; i += LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const word = words[i + lane] as number;
      const one = Math.imul((lanes[lane] as number) ^ word, 0xcc9e2d51);
      const two = Math.imul((lanes[LANES + lane] as number) ^ word, 0x85ebca77);
      lanes[lane] = one ^ (one >>> 15);
      lanes[LANES + lane] = two ^ (two >>> 13);
    }
  }
  let low = 0x2f0b4c47 ^ length;
  let high = 0x165667b1 ^ length;
  for (let lane = 0; lane < LANES; lane++) {
    low = Math.imul(low ^ (lanes[lane] as number), 0x1b873593);
    low = (low << 13) | (low >>> 19);
    high = Math.imul(high ^ (lanes[LANES + lane] as number), 0x9e3779b1);
    high = (high << 11) | (high >>> 21);
  }
  out.low = mix(low);
  out.high = mix(high);
}

/** Lets every bit of the input reach every bit of the output (the finalizer of MurmurHash3, public domain). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
