import type { Thread } from '../model/thread.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { StateConfig } from './config.ts';
import { EmbeddedStateStore } from './embedded/store.ts';
import { MemoryStateStore } from './memory/store.ts';
import { RedisStateStore } from './redis/store.ts';
import type { StateStore } from './state.ts';

export interface StateContext {
  /** Where the embedded state lies. */
  readonly dataDir: string;
  /** Opens a thread of workers/store.ts; called for the embedded state only. */
  readonly openThread: () => Thread;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * The store that the configuration names; it connects to nothing yet.
 * @param config `url` may also be `memory:`, which a configuration file cannot say: a state for one run
 */
export function createStateStore(
  config: StateConfig,
  { dataDir, openThread, logger, metrics }: StateContext,
): StateStore {
  if (config.url === 'memory:') return new MemoryStateStore(metrics);
  if (config.url !== undefined)
    return new RedisStateStore({ url: config.url, tls: config.tls, ttl: config.lease.ttl, logger, metrics });
  return new EmbeddedStateStore({ dataDir, openThread, logger, metrics });
}
