import { WatershardError } from '../model/errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export function isFinal(e: unknown): e is WatershardError {
  return e instanceof WatershardError && (e.code === 'STATE_LOST' || e.code === 'STATE_HELD');
}

/**
 * What a session knows of its own condition. STATE_LOST and STATE_HELD are final: whatever was seen of the state since
 * is not ours, so the session refuses everything from then on and a new one has to be opened.
 */
export class SessionHealth {
  readonly #metrics: Metrics;
  #final: WatershardError | undefined;
  #trouble: string | undefined;
  #leaseTrouble: string | undefined;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** @throws WatershardError where the session has ended */
  check(): void {
    if (this.#final !== undefined) throw this.#final;
  }

  trouble(): string | undefined {
    return this.#trouble ?? this.#leaseTrouble;
  }

  /** Neither closed nor ended, and the last that was tried has worked. */
  get well(): boolean {
    return this.#final === undefined && this.trouble() === undefined;
  }

  /** undefined too where its owner has closed it. */
  ended(): WatershardError | undefined {
    const code = this.#final?.code;
    return code === 'STATE_LOST' || code === 'STATE_HELD' ? this.#final : undefined;
  }

  noteSuccess(): void {
    if (this.#final === undefined) this.#trouble = undefined;
  }

  /** Remembers a failure; a loss is counted once a session. */
  noteFailure(error: WatershardError): void {
    if (this.#final !== undefined) return;
    this.#trouble = `${error.code}: ${error.message}`;
    if (error.code === 'STATE_LOST') this.#metrics.stateLosses.inc();
    if (isFinal(error)) this.#final = error;
  }

  /** How the last renewal of the lease ended: where nothing is committed, that alone tells that nothing can be. */
  noteRenewal(error?: WatershardError): void {
    this.#leaseTrouble = error === undefined ? undefined : `${error.code}: ${error.message}`;
  }

  /** The session was closed by its owner. */
  end(error: WatershardError): void {
    this.#final ??= error;
  }

  /** Runs a commit: refuses it where the session has ended, times it, counts its result. */
  async commit(run: () => Promise<void>): Promise<void> {
    const stop = this.#metrics.commitSeconds.startTimer();
    let result = 'error';
    try {
      this.check();
      await run();
      this.noteSuccess();
      result = 'ok';
    } catch (e) {
      const error =
        e instanceof WatershardError ? e : new WatershardError('INTERNAL', 'committing to the state', { cause: e });
      this.noteFailure(error);
      if (error.code === 'STATE_LOST') result = 'lost';
      if (error.code === 'STATE_HELD') result = 'held';
      throw error;
    } finally {
      stop();
      this.#metrics.commits.inc({ result });
    }
  }
}
