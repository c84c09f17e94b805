/** Those who wait until an exporter has nothing left, or until their time is over. */
export class DrainWaiters {
  readonly #waiting = new Set<() => void>();

  /** Until `wake`, or the abort. */
  async wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  wake(): void {
    for (const done of this.#waiting) done();
  }
}
