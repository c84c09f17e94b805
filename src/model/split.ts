import { fnv1a } from './hash.ts';

/** Which of `of` shards an object of a split stream belongs to, by its key. */
export function splitIndex(key: string, of: number): number {
  return fnv1a(key) % of;
}
