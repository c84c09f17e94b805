/** Lets requests wait, so that what comes before them can be told from what they cost. */
export class Gate {
  #closed: boolean;
  readonly #waiting = new Set<() => void>();

  constructor(closed: boolean) {
    this.#closed = closed;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  close(): void {
    this.#closed = true;
  }

  open(): void {
    this.#closed = false;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  async passed(): Promise<void> {
    if (this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
