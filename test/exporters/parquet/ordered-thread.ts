import type { Thread } from '../../../src/model/thread.ts';
import { WorkerThread } from '../../../src/shard/threads.ts';

/** The real thread of workers/parquet.ts, given one task at a time so that they stay in order. */
export class OrderedThread implements Thread {
  readonly #thread = new WorkerThread('parquet');
  #last: Promise<unknown> = Promise.resolve();

  async run<Answer>(task: unknown, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    const answer = this.#last.then(() => this.#thread.run<Answer>(task, transfer));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /** Ends it as a crash would: whatever is asked of it from now on is refused. */
  crash(): void {
    void this.#thread.close();
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
