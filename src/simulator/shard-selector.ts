import { fnv1a64 } from '../model/hash.ts';
import { inRange } from '../model/watch-shard.ts';
import { ApiStatus } from './refusal.ts';
import type { Template } from './template.ts';
import type { Moment } from './template-fields.ts';

export interface ShardSelection {
  /** As it is echoed. */
  readonly selector: string;
  readonly has: (template: Template, moment: Moment) => boolean;
}

const HEX = `'0x([0-9a-f]{16}|10000000000000000)'`;
const RANGE = new RegExp(String.raw`^shardRange\(\s*object\.metadata\.(uid|namespace)\s*,\s*${HEX}\s*,\s*${HEX}\s*\)$`);

/** One shardRange of KEP-5866 (an API server takes several, joined by `||`). @throws ApiStatus 500, as an API server answers */
export function shardSelection(text: string | null): ShardSelection | undefined {
  if (text === null || text === '') return undefined;
  const [, key, from, to] = RANGE.exec(text.trim()) ?? [];
  if (from === undefined || to === undefined)
    throw new ApiStatus(500, 'InternalError', `invalid shard selector: ${text}`);
  const halves = (hex: string) => ({
    high: Number.parseInt(hex.slice(0, -8), 16),
    low: Number.parseInt(hex.slice(-8), 16),
  });
  const range = { start: halves(from), end: halves(to) };
  const hash = { high: 0, low: 0 };
  return {
    selector: `shardRange(object.metadata.${key}, '0x${from}', '0x${to}')`,
    has: (template, moment) => {
      const bytes = Buffer.from(key === 'uid' ? template.uidOf(moment) : template.namespace);
      fnv1a64(bytes, 0, bytes.length, hash);
      return inRange(hash, range);
    },
  };
}
