import { WatershardError } from '../../src/model/errors.ts';
import type { Thread } from '../../src/model/thread.ts';
import type { StoreTask } from '../../src/state/embedded/protocol.ts';
import { StoreThread } from '../../src/state/embedded/store-thread.ts';

/** Stands in for a thread of workers/store.ts, with the same logic in this thread and the same copies of what is passed. */
export class InThreadStore implements Thread {
  readonly #store = new StoreThread();
  #closed = false;
  /** Set to make the next task be done and its answer be lost, as when the thread ends behind it. */
  crashAfterNext = false;

  async run<Answer>(task: unknown): Promise<Answer> {
    if (this.#closed) throw new WatershardError('WORKER_CRASHED', 'the thread has ended');
    const answer = this.#store.handle(structuredClone(task) as StoreTask);
    if (this.crashAfterNext) {
      await this.close();
      throw new WatershardError('WORKER_CRASHED', 'the thread ended');
    }
    return structuredClone(answer) as Answer;
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#store.handle({ op: 'close', clean: false });
    this.#closed = true;
  }
}
