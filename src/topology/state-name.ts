import type { Config } from '../config/schema.ts';

/**
 * What the state is kept under. In Redis each shard has its own, and with it its own lease. The first shard has that of an
 * instance that watches everything: the two must not run together, and each goes on where the other was. An embedded state is
 * that of its folder.
 */
export function stateName({ cluster, state, watch }: Pick<Config, 'cluster' | 'state' | 'watch'>): string {
  const index = watch.shard?.index ?? 0;
  // The sign cannot stand in the name of a cluster.
  return index === 0 || state.url === undefined ? cluster.name : `${cluster.name}#${index}`;
}
