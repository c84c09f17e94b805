/** What a stream has handed to its shards and got no answer for, in order. */
export class OngoingWork {
  /** When it was read; Unix time, microseconds. */
  #observed: number[] = [];
  #less: PromiseWithResolvers<void> | undefined;

  get size(): number {
    return this.#observed.length;
  }

  /** When the oldest of it was read; Unix time, microseconds. */
  get oldest(): number | undefined {
    return this.#observed[0];
  }

  begin(observedAt: number): void {
    this.#observed.push(observedAt);
  }

  /** The oldest of it is answered. */
  end(): void {
    this.#observed.shift();
    this.#wake();
  }

  /** It is void. */
  clear(): void {
    this.#observed = [];
    this.#wake();
  }

  /** Fulfilled when some of it is answered; undefined where there is none. */
  get busy(): Promise<void> | undefined {
    if (this.#observed.length === 0) return undefined;
    this.#less ??= Promise.withResolvers();
    return this.#less.promise;
  }

  #wake(): void {
    this.#less?.resolve();
    this.#less = undefined;
  }
}
