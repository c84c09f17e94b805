import { fnv1a } from '../model/hash.ts';
import { gvkKey, type Resource } from '../model/resource.ts';

/** The shard of a kind among `shards`; a kind that is split takes this one and the ones after it. */
export function shardOf(resource: Resource, shards: number): number {
  return fnv1a(gvkKey(resource)) % shards;
}
