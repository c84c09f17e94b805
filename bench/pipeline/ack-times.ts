import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What the thread is given. */
export interface AckThreadData {
  readonly url: string;
  /** Milliseconds of Unix time by sequence number, as 64-bit floats; 0: not heard. */
  readonly times: SharedArrayBuffer;
}

/**
 * When acknowledgements of JetStream came to a client on this machine. It listens on a thread of its own, since the one of
 * the bench is busy at times.
 */
export class AckTimes {
  readonly #times: Float64Array;
  readonly #thread: Worker;

  private constructor(times: Float64Array, thread: Worker) {
    this.#times = times;
    this.#thread = thread;
  }

  /** @param most sequence numbers from 1 on */
  static async start(url: string, most: number): Promise<AckTimes> {
    const times = new SharedArrayBuffer((most + 1) * Float64Array.BYTES_PER_ELEMENT);
    const thread = new Worker(new URL('./ack-thread.ts', import.meta.url), {
      workerData: { url, times } satisfies AckThreadData,
    });
    await once(thread, 'message');
    return new AckTimes(new Float64Array(times), thread);
  }

  /** @returns undefined where none was heard */
  of(sequence: number): number | undefined {
    return this.#times[sequence] || undefined;
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}
