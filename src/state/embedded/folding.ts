import { setTimeout as sleep } from 'node:timers/promises';
import { codedMessage } from '../../model/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { isFinal } from '../session-health.ts';

/** Between two steps: commits come first. */
const PAUSE_MS = 50;
const AFTER_FAILURE_MS = 10_000;

/**
 * Folds the log of changes step by step, whether something is committed meanwhile or not: so what a first list has left is done
 * behind it, and not with the changes that come hours later.
 */
export class Folding {
  /** Does a step. @returns whether there is more to fold */
  readonly #step: () => Promise<boolean>;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(step: () => Promise<boolean>, logger: Logger) {
    this.#step = step;
    this.#logger = logger;
  }

  /** There is something to fold. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** A step that was begun is ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let isDue = true; isDue && (await this.#pause(PAUSE_MS)); ) {
      try {
        isDue = await this.#step();
      } catch (e) {
        if (isFinal(e)) return; // the next commit says so
        // Nothing is lost by it: what is in the log is committed, and is read as it is.
        this.#logger.warn(
          { err: codedMessage(e) },
          'the log of the state cannot be folded, and grows; it is tried again',
        );
        if (!(await this.#pause(AFTER_FAILURE_MS))) return;
      }
    }
  }

  /** @returns false where it was stopped */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stop;
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
    return !signal.aborted;
  }
}
