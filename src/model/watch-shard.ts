import type { Halves } from './hash.ts';

export const SHARD_KEYS = ['uid', 'namespace'] as const;
export type ShardKey = (typeof SHARD_KEYS)[number];

/**
 * One of `count` equal shares of all objects, by the 64-bit FNV-1a of a metadata field (KEP-5866). Not to be confused with
 * the shards of the worker threads.
 */
export interface WatchShard {
  readonly index: number;
  readonly count: number;
  readonly key: ShardKey;
}

/** Hashes from `start` on and below `end`, which may be 2^64: `{ high: 2^32, low: 0 }`. */
export interface HashRange {
  readonly start: Readonly<Halves>;
  readonly end: Readonly<Halves>;
}

const ALL = 1n << 64n;

/** The last share has what is left over by the division. */
function bounds({ index, count }: WatchShard): { start: bigint; end: bigint } {
  const span = ALL / BigInt(count);
  return { start: span * BigInt(index), end: index === count - 1 ? ALL : span * BigInt(index + 1) };
}

export function hashRange(shard: WatchShard): HashRange {
  const { start, end } = bounds(shard);
  return { start: halves(start), end: halves(end) };
}

function halves(n: bigint): Halves {
  return { high: Number(n >> 32n), low: Number(n & 0xffffffffn) };
}

export function inRange({ high, low }: Readonly<Halves>, { start, end }: HashRange): boolean {
  if (high < start.high || (high === start.high && low < start.low)) return false;
  return high < end.high || (high === end.high && low < end.low);
}

/** The query parameter `shardSelector`, in the form in which a server that honours it echoes it. */
export function shardSelector(shard: WatchShard): string {
  const { start, end } = bounds(shard);
  const hex = (n: bigint): string => `'0x${n.toString(16).padStart(16, '0')}'`;
  return `shardRange(object.metadata.${shard.key}, ${hex(start)}, ${hex(end)})`;
}

/** Whether an echo means this shard; spaces, quotes and leading zeros are no matter, as the parameter is alpha. */
export function isSelectorOf(echo: string, shard: WatchShard): boolean {
  const bare = (text: string): string =>
    text
      .replace(/[\s'"]/g, '')
      .toLowerCase()
      .replace(/0x0+(?=[0-9a-f])/g, '0x');
  return bare(echo) === bare(shardSelector(shard));
}

/** Whether everything of `part` is also of `whole`; undefined is everything there is. */
export function coversShard(whole: WatchShard | undefined, part: WatchShard | undefined): boolean {
  if (whole === undefined) return true;
  if (part === undefined || part.key !== whole.key) return false;
  const [outer, inner] = [bounds(whole), bounds(part)];
  return inner.start >= outer.start && inner.end <= outer.end;
}
