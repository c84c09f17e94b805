import { Piscina } from 'piscina';
import { WatershardError } from '../model/errors.ts';
import type { Thread } from '../model/thread.ts';
import { type WorkerName, workerUrl } from './worker-urls.ts';

/**
 * One Piscina pool of one thread, so that tasks stay in order and state stays in one place; a pool of several could not pin
 * a shard to its thread (docs/decisions). `atomics` must be disabled: the default blocks the thread's timers and sockets.
 *
 * Piscina replaces a thread that ended and would go on with the tasks behind it, on a state that is not there. So the pool
 * is ended with its thread: what waits is refused with WORKER_CRASHED, and so is every later task until `revive`.
 */
export class WorkerThread implements Thread {
  readonly #name: string;
  readonly #onCrash: ((error: WatershardError) => void) | undefined;
  readonly #open: () => Piscina;
  #pool: Piscina;
  #thread: unknown;
  #ended: 'no' | 'crashed' | 'closed' = 'no';

  constructor(name: WorkerName, workerData: unknown = undefined, onCrash?: (error: WatershardError) => void) {
    this.#name = name;
    this.#onCrash = onCrash;
    this.#open = () => {
      const pool = new Piscina({
        filename: workerUrl(name),
        workerData,
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: 1,
        atomics: 'disabled',
        stricterFIFO: true, // else what cannot be dispatched at once goes to the back of the queue
        recordTiming: false,
        idleTimeout: Number.POSITIVE_INFINITY,
      });
      pool.on('error', (e: unknown) => {
        if (pool === this.#pool) this.#crash(e);
      });
      this.#thread = pool.threads[0];
      return pool;
    };
    this.#pool = this.#open();
  }

  async run<Answer>(task: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#ended !== 'no') throw this.#error('it has ended');
    const pool = this.#pool;
    try {
      return (await pool.run(task, { transferList: [...transfer] as never })) as Answer;
    } catch (e) {
      if (pool !== this.#pool || this.#ended !== 'no') throw this.#error('it has ended', e);
      // A task that threw an ordinary error leaves the thread in place.
      throw pool.threads[0] === this.#thread ? e : this.#crash(e);
    }
  }

  /** Starts over with a new thread after a crash. */
  async revive(): Promise<void> {
    if (this.#ended !== 'crashed') return;
    this.#pool = this.#open();
    this.#ended = 'no';
  }

  async close(): Promise<void> {
    if (this.#ended === 'closed') return;
    const open = this.#ended === 'no';
    this.#ended = 'closed';
    if (open) await this.#pool.destroy();
  }

  #crash(cause: unknown): WatershardError {
    const error = this.#error('it ended unexpectedly', cause);
    if (this.#ended === 'no') {
      this.#ended = 'crashed';
      void this.#pool.destroy();
      this.#onCrash?.(error);
    }
    return error;
  }

  #error(what: string, cause?: unknown): WatershardError {
    return new WatershardError('WORKER_CRASHED', `worker thread ${this.#name}: ${what}`, { cause });
  }
}
