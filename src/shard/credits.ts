interface Waiter {
  readonly stream: string;
  readonly wake: () => void;
}

/**
 * Bounds the bytes between the sockets and the acknowledgements, for each stream and in total. Taking always succeeds, so
 * that what has been read is never dropped; whoever has taken the last credit waits before it reads on. The overshoot is at
 * most one batch a stream.
 */
export class Credits {
  readonly limit: number;
  readonly perStream: number;
  #total = 0;
  readonly #streams = new Map<string, number>();
  #waiters: Waiter[] = [];

  constructor(limit: number, perStream: number) {
    this.limit = limit;
    this.perStream = perStream;
  }

  get inFlight(): number {
    return this.#total;
  }

  /** @returns a promise where reading has to stop until credit is there again. */
  take(stream: string, bytes: number): undefined | Promise<void> {
    this.charge(stream, bytes);
    if (this.#free(stream)) return undefined;
    return new Promise((wake) => this.#waiters.push({ stream, wake }));
  }

  /** Counts what has come up on the way and takes memory too, on an account of its own; whoever reads next may have to wait. */
  charge(account: string, bytes: number): void {
    this.#total += bytes;
    this.#streams.set(account, (this.#streams.get(account) ?? 0) + bytes);
  }

  give(stream: string, bytes: number): void {
    if (bytes === 0) return;
    this.#total -= bytes;
    this.#streams.set(stream, (this.#streams.get(stream) ?? 0) - bytes);
    if (this.#waiters.length === 0) return;
    const woken = this.#waiters.filter((w) => this.#free(w.stream));
    if (woken.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => !woken.includes(w));
    for (const w of woken) w.wake();
  }

  /** Gives back all that a stream holds: what it had in flight is void. */
  release(stream: string): void {
    this.give(stream, this.#streams.get(stream) ?? 0);
    this.#streams.delete(stream);
    const own = this.#waiters.filter((w) => w.stream === stream);
    this.#waiters = this.#waiters.filter((w) => w.stream !== stream);
    for (const w of own) w.wake();
  }

  #free(stream: string): boolean {
    return this.#total < this.limit && (this.#streams.get(stream) ?? 0) < this.perStream;
  }
}
