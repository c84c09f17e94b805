import { setTimeout as sleep } from 'node:timers/promises';

export interface RecoveryOptions {
  readonly isDown: () => boolean;
  /** @returns whether the connection held meanwhile. Rejects where there is none, or the stream is not as it has to be */
  readonly establish: () => Promise<boolean>;
  readonly resume: () => void;
  /** @returns the milliseconds to wait before the next attempt */
  readonly failed: (error: unknown) => number;
}

/** After the connection came back. One at a time; a connection that breaks meanwhile makes it begin again. */
export class Recovery {
  readonly #o: RecoveryOptions;
  #isUnderWay = false;
  #again = false;

  constructor(options: RecoveryOptions) {
    this.#o = options;
  }

  begin(): void {
    this.#again = true;
    if (!this.#isUnderWay) void this.#attempts();
  }

  async #attempts(): Promise<void> {
    const { isDown, establish, resume, failed } = this.#o;
    this.#isUnderWay = true;
    while (this.#again && isDown()) {
      this.#again = false;
      try {
        if ((await establish()) && isDown()) resume();
      } catch (e) {
        if (!isDown()) break;
        this.#again = true;
        await sleep(failed(e), undefined, { ref: false });
      }
    }
    this.#isUnderWay = false;
  }
}
