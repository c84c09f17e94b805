import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { StateIdentity, StateSession, StateStore } from '../state.ts';
import { Connection, type TlsFiles } from './connection.ts';
import { stateKeys } from './keys.ts';
import { takeLease } from './lease.ts';
import { checkServer } from './server-checks.ts';
import { RedisSession } from './session.ts';

export interface RedisOptions {
  readonly url: string;
  readonly tls?: TlsFiles | undefined;
  /** How long the lease holds without renewal. Milliseconds. */
  readonly ttl: number;
  /** How long a command may take. Milliseconds. */
  readonly timeout?: number;
  readonly scriptBytes?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * The state in Redis 4 or later (or what speaks like it and has scripts), one server or what stands for one. A session
 * has a connection of its own.
 */
export class RedisStateStore implements StateStore {
  readonly kind = 'redis';
  readonly #options: RedisOptions;

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  async open(identity: StateIdentity): Promise<StateSession> {
    const { url, tls, ttl, timeout = 10_000, scriptBytes = 2 * 1024 * 1024, logger, metrics } = this.#options;
    const connection = new Connection({ url, tls, timeout, logger });
    try {
      await connection.connect();
      await checkServer(connection, logger);
      const leasedAt = performance.now();
      const lease = await takeLease(connection, stateKeys(identity.cluster), identity, ttl);
      return new RedisSession({ connection, identity, lease, leasedAt, ttl, scriptBytes, logger, metrics });
    } catch (e) {
      connection.close();
      throw e;
    }
  }
}
