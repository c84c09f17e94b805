import { errorMessage } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { backoff, pause } from './pause.ts';

/** A stream that ran for so long without being to blame for a restart begins again at once. */
const FORGIVEN_MS = 60_000;
/** Restarts in a row that are not delayed: a poisonous object costs two. */
const FREE = 3;

/**
 * Begins streams again at their last commit, each once at a time, and once more where it was asked for meanwhile: what had
 * begun then may be void already. A stream that is to blame for its restarts waits longer each time, as each of them costs
 * the other streams of its shard a restart too.
 */
export class Restarts {
  readonly #restart: (stream: string) => Promise<void>;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #underway = new Set<string>();
  /** Reasons of those asked for meanwhile. */
  readonly #again = new Map<string, string>();
  readonly #blamed = new Map<string, { times: number; at: number }>();

  constructor(restart: (stream: string) => Promise<void>, logger: Logger, signal: AbortSignal) {
    this.#restart = restart;
    this.#logger = logger;
    this.#signal = signal;
  }

  request(stream: string, reason: string): void {
    if (this.#signal.aborted) return;
    if (this.#underway.has(stream)) this.#again.set(stream, reason);
    else void this.#run(stream, reason);
  }

  /** It is to begin again, and has not yet. */
  isUnderway(stream: string): boolean {
    return this.#underway.has(stream);
  }

  /** The next restarts of this stream are its own fault. */
  blame(stream: string): void {
    const now = performance.now();
    const before = this.#blamed.get(stream);
    const times = before !== undefined && now - before.at < FORGIVEN_MS ? before.times + 1 : 1;
    this.#blamed.set(stream, { times, at: now });
  }

  async #run(stream: string, reason: string): Promise<void> {
    this.#underway.add(stream);
    this.#logger.warn({ stream, reason }, 'a stream begins again at its last commit');
    try {
      const { times, at } = this.#blamed.get(stream) ?? { times: 0, at: 0 };
      if (times > FREE && performance.now() - at < FORGIVEN_MS) await pause(backoff(times - FREE), this.#signal);
      if (!this.#signal.aborted) await this.#restart(stream);
    } catch (e) {
      this.#logger.error({ stream, err: errorMessage(e) }, 'a stream could not begin again');
    }
    this.#underway.delete(stream);
    const again = this.#again.get(stream);
    if (again === undefined) return;
    this.#again.delete(stream);
    this.request(stream, again);
  }
}
