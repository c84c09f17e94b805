import { fnv1aBytes } from '../../model/hash.ts';

/** Which of so many partitions a key belongs to. */
export type Partitioner = (key: Uint8Array, partitions: number) => number;

export const PARTITIONERS: Readonly<Record<'murmur2' | 'fnv1a', Partitioner>> = {
  /** As the Java client does it. */
  murmur2: (key, partitions) => (murmur2(key) & 0x7fffffff) % partitions,
  /** As sarama, and so kollect, does it: the hash as a signed number, and its remainder without the sign. */
  fnv1a: (key, partitions) => Math.abs((fnv1aBytes(key, 0, key.length) | 0) % partitions),
};

const MURMUR = 0x5bd1e995;

/** Murmur2 of 32 bits with Kafka's seed; the client library's own computes it in bigint, fifty times as slow. */
function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = 0x9747b28c ^ length;
  const whole = length & ~3;
  const byte = (i: number): number => bytes[i] as number;
  for (let i = 0; i < whole; i += 4) {
    let word = byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
    word = Math.imul(word, MURMUR);
    word = Math.imul(word ^ (word >>> 24), MURMUR);
    hash = Math.imul(hash, MURMUR) ^ word;
  }
  if (length > whole) {
    for (let i = length - 1; i >= whole; i--) hash ^= byte(i) << (8 * (i - whole));
    hash = Math.imul(hash, MURMUR);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MURMUR);
  return hash ^ (hash >>> 15);
}
