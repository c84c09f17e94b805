/** Bounds how many lists run at once over all streams: each costs the API server memory, and this process bytes in flight. */
export class ListSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(slots: number) {
    this.#free = slots;
  }

  /** @returns what gives the slot back (once); undefined where the signal was aborted before there was one */
  async acquire(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) this.#free--;
    else if (!(await this.#turn(signal))) return undefined;
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  async #turn(signal: AbortSignal): Promise<boolean> {
    return await new Promise((resolve) => {
      const give = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#waiting.delete(give);
        resolve(false);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(give);
    });
  }

  /** A slot that is waited for goes from hand to hand. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
