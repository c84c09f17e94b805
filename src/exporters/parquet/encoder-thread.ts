import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Thread } from '../../model/thread.ts';
import type { EncoderAnswer, EncoderTask } from './protocol.ts';

/** The encoder thread as the exporter sees it: tasks go in, answers come back in order; a crashed one is replaced. */
export class EncoderThread {
  readonly #open: () => Thread;
  readonly #onCrash: (reason: string) => void;
  #thread: Thread | undefined;
  #closed = false;
  /** Bytes that the thread holds, as of its last answer. */
  held = 0;
  /** Bytes of lanes that were sent and not answered. */
  sentBytes = 0;

  constructor(open: () => Thread, onCrash: (reason: string) => void) {
    this.#open = open;
    this.#onCrash = onCrash;
  }

  /**
   * @param failed the thread is well, but could not do the task
   * @param lane a buffer to be transferred, and its size
   */
  send(
    task: EncoderTask,
    answered: (answer: EncoderAnswer) => void,
    failed: (error: unknown) => void = () => undefined,
    lane?: { readonly lane: ArrayBuffer; readonly bytes: number },
  ): void {
    if (this.#closed) return;
    this.#thread ??= this.#open();
    const thread = this.#thread;
    this.sentBytes += lane?.bytes ?? 0;
    const done = (): boolean => {
      if (thread !== this.#thread || this.#closed) return false;
      this.sentBytes -= lane?.bytes ?? 0;
      return true;
    };
    thread.run<EncoderAnswer>(task, lane === undefined ? [] : [lane.lane]).then(
      (answer) => {
        if (!done()) return;
        this.held = answer.held;
        answered(answer);
      },
      (e: unknown) => {
        if (!done()) return;
        if (e instanceof WatershardError && e.code === 'WORKER_CRASHED') this.#crashed(thread, e);
        else failed(e);
      },
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread?.close();
  }

  #crashed(thread: Thread, error: WatershardError): void {
    // The next one is opened when it is needed; answers of this one, which all fail, are of no more interest.
    this.#thread = undefined;
    this.held = 0;
    this.sentBytes = 0;
    void thread.close();
    this.#onCrash(errorMessage(error));
  }
}
