/** Calls `stalled` when nothing was heard for so many milliseconds, and again after each so many more. */
export class StallTimer {
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number, stalled: () => void) {
    this.#timer = setInterval(stalled, milliseconds);
  }

  heard(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
