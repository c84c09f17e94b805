import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Thread } from '../model/thread.ts';
import { type WorkerName, workerUrl } from './worker-urls.ts';

export interface WorkerThreadOptions {
  /** Structured-cloneable; the thread reads it as `workerData`. */
  readonly workerData?: unknown;
  /** Called once a crash, before anyone who waits for an answer learns of it. */
  readonly onCrash?: (error: WatershardError) => void;
  /** A task that takes longer ends the thread. Milliseconds; no limit where it is absent. */
  readonly taskTimeout?: number;
  /**
   * JavaScript heap of the thread; one that needs more is ended, and not the process with it. V8's own limit where absent.
   * V8 does end the process where a single value needs much more than what is left (measured: from about 50 MB on; of
   * texts as large as an object can be, never).
   */
  readonly heapBytes?: number;
}

/** Looks at a task within its timeout. Looks are counted, not time: a process that was suspended is no late task. */
const LOOKS = 8;
/** Starts in a row that came to nothing before a thread is given up. */
const MAX_STARTS = 5;
const MIB = 2 ** 20;

/**
 * One Piscina pool of one thread, so that tasks stay in order and state stays in one place; a pool of several could not pin
 * a shard to its thread (docs/decisions). `atomics` must be disabled: the default blocks the thread's timers and sockets.
 *
 * Piscina replaces a thread that ended and would go on with the tasks behind it, on a state that is not there. So the pool
 * is ended with its thread: what waits is refused with WORKER_CRASHED, and so is every later task until `revive`.
 */
export class WorkerThread implements Thread {
  readonly #name: string;
  readonly #url: string;
  readonly #options: WorkerThreadOptions;
  #pool: Piscina;
  #thread: unknown;
  #ended: 'no' | 'crashed' | 'closed' = 'no';
  /** Tasks that have no answer. */
  #pending = 0;
  /** Looks of the watchdog since the last answer. */
  #looks = 0;
  #watchdog: NodeJS.Timeout | undefined;
  /** The thread has answered a task, so it has loaded. */
  #loaded = false;
  #failedStarts = 0;

  /** @param worker a thread entry of ours, or the URL of another */
  constructor(worker: WorkerName | URL, options: WorkerThreadOptions = {}) {
    this.#name = worker instanceof URL ? (worker.pathname.split('/').at(-1) ?? '') : worker;
    this.#url = worker instanceof URL ? worker.href : workerUrl(worker);
    this.#options = options;
    this.#pool = this.#open();
  }

  async run<Answer>(task: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#ended !== 'no') throw this.#error('it has ended');
    const pool = this.#pool;
    if (this.#pending++ === 0) this.#looks = 0;
    try {
      const answer = (await pool.run(task, { transferList: [...transfer] as never })) as Answer;
      if (pool === this.#pool) this.#answered();
      return answer;
    } catch (e) {
      if (pool !== this.#pool || this.#ended !== 'no') throw this.#error('it has ended', e);
      // A task that threw an ordinary error leaves the thread in place.
      if (pool.threads[0] !== this.#thread) throw this.#crash(e);
      this.#answered();
      throw e;
    }
  }

  /**
   * Starts over with a new thread after a crash; later and later where threads end before they have done anything.
   * @throws WatershardError WORKER_UNUSABLE where that was tried often enough
   */
  async revive(): Promise<void> {
    while (this.#ended === 'crashed') {
      if (this.#failedStarts >= MAX_STARTS) {
        throw new WatershardError(
          'WORKER_UNUSABLE',
          `worker thread ${this.#name}: it has ended ${MAX_STARTS} times before it had done anything`,
        );
      }
      if (this.#failedStarts > 0) await sleep(100 * 2 ** this.#failedStarts, undefined, { ref: false });
      if (this.#ended !== 'crashed') return;
      try {
        this.#pool = this.#open();
        this.#ended = 'no';
      } catch (e) {
        // No memory or no thread to be had from the system.
        if (++this.#failedStarts >= MAX_STARTS)
          throw new WatershardError(
            'WORKER_UNUSABLE',
            `worker thread ${this.#name} cannot be started: ${errorMessage(e)}`,
            { cause: e },
          );
      }
    }
  }

  async close(): Promise<void> {
    if (this.#ended === 'closed') return;
    const open = this.#ended === 'no';
    this.#ended = 'closed';
    clearInterval(this.#watchdog);
    if (open) await this.#pool.destroy();
  }

  #open(): Piscina {
    const { workerData, heapBytes, taskTimeout } = this.#options;
    const pool = new Piscina({
      filename: this.#url,
      workerData,
      ...(heapBytes === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: Math.max(1, Math.floor(heapBytes / MIB)) } }),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      stricterFIFO: true, // else what cannot be dispatched at once goes to the back of the queue
      recordTiming: false,
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    const current = (): boolean => pool === this.#pool && this.#ended === 'no';
    pool.on('error', (e: unknown) => {
      if (current()) this.#crash(e);
    });
    // An idle thread that exits is replaced without an error. Whoever knows a better reason says so before this.
    pool.on('workerDestroy', () =>
      setImmediate(() => {
        if (current()) this.#crash(new Error('it exited'));
      }),
    );
    this.#thread = pool.threads[0];
    this.#loaded = false;
    this.#pending = 0;
    this.#looks = 0;
    if (taskTimeout !== undefined) {
      this.#watchdog = setInterval(() => {
        if (this.#pending === 0 || ++this.#looks <= LOOKS) return;
        this.#crash(new Error(`a task took longer than ${taskTimeout} ms`));
      }, taskTimeout / LOOKS).unref();
    }
    return pool;
  }

  #answered(): void {
    this.#pending--;
    this.#looks = 0;
    if (this.#loaded) return;
    this.#loaded = true;
    this.#failedStarts = 0;
  }

  #crash(cause: unknown): WatershardError {
    if (!this.#loaded) this.#failedStarts++;
    const error = this.#error(this.#loaded ? 'it ended unexpectedly' : 'it ended before it had done anything', cause);
    this.#ended = 'crashed';
    clearInterval(this.#watchdog);
    void this.#pool.destroy();
    this.#options.onCrash?.(error);
    return error;
  }

  #error(what: string, cause?: unknown): WatershardError {
    return new WatershardError('WORKER_CRASHED', `worker thread ${this.#name}: ${what}`, { cause });
  }
}
