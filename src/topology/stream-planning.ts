import type { Config } from '../config/schema.ts';
import type { Stream } from '../model/resource.ts';
import type { StreamPlan } from '../transform/plan.ts';
import { planStream, streamSplit } from '../transform/rules.ts';
import { lanePlans } from './outlets.ts';
import type { ShardSet } from './shard-set.ts';

/** What a stream's part does, and the shard that it does it on: one a part. */
export interface PlannedStream {
  readonly plans: readonly StreamPlan[];
  readonly shards: readonly number[];
}

/** A stream is split into as many parts as its rule says, on a shard each. */
export function planParts(
  stream: Stream,
  config: Config,
  clusterUid: string,
  mode: 'run' | 'snapshot',
  shards: Pick<ShardSet, 'count' | 'assign'>,
): PlannedStream {
  const { cluster, rules } = config;
  const plan = planStream({ stream, cluster: cluster.name, clusterUid, rules, lanes: lanePlans(config, mode) });
  const parts = Math.min(streamSplit(stream.resource, rules), shards.count);
  const plans =
    parts === 1 ? [plan] : Array.from({ length: parts }, (_, index) => ({ ...plan, split: { index, of: parts } }));
  return { plans, shards: shards.assign(stream.resource, parts) };
}
