import type { IntakeBusy } from '../model/intake.ts';
import type { Stream } from '../model/resource.ts';
import type { Connection } from './connection.ts';
import { BATCH_BYTES } from './splitter.ts';

/**
 * Under load, small batches cost more than what is in them: each is a message to a thread and back, a commit and a write. So
 * what is read while the batch before is still being worked on is held back until that is done, or a whole batch is there.
 * When nothing is being worked on nothing is held back.
 */
export class Gathering {
  readonly #stream: Stream;
  readonly #busy: IntakeBusy | undefined;
  readonly #go: () => void;
  #until: Promise<void> | undefined;

  /** @param go called when what was held back may be taken */
  constructor(stream: Stream, busy: IntakeBusy | undefined, go: () => void) {
    this.#stream = stream;
    this.#busy = busy;
    this.#go = go;
  }

  /** Whether what this connection has read is to wait. */
  holds(connection: Connection): boolean {
    if (connection.kind === 'page' || connection.outcome !== undefined || connection.pending >= BATCH_BYTES)
      return false;
    const busy = this.#busy?.(this.#stream);
    if (busy === undefined) return false;
    if (this.#until !== busy) {
      this.#until = busy;
      void busy.then(() => {
        if (this.#until !== busy) return;
        this.#until = undefined;
        this.#go();
      });
    }
    return true;
  }
}
