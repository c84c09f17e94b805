import type { Intake } from '../model/intake.ts';

/** A lost state is written anew; or a list has to wait until no commit leads back behind it. */
export type Hold = 'rewrite' | 'list';

/** Keeps what is read waiting, at most one item of a stream, for as long as something holds it. */
export class IntakeGate {
  readonly #pass: (item: Intake) => void;
  readonly #holds = new Set<Hold>();
  #parked: Intake[] = [];
  #opened = Promise.withResolvers<void>();

  constructor(pass: (item: Intake) => void) {
    this.#pass = pass;
  }

  get isClosed(): boolean {
    return this.#holds.size > 0;
  }

  holds(hold: Hold): boolean {
    return this.#holds.has(hold);
  }

  hold(hold: Hold): void {
    this.#holds.add(hold);
  }

  /** @returns settled when the item has passed, or is void */
  park(item: Intake): Promise<void> {
    this.#parked.push(item);
    return this.#opened.promise;
  }

  /** What is parked passes, where nothing else holds it. It may close the gate again. */
  release(hold: Hold): void {
    if (!this.#holds.delete(hold) || this.isClosed) return;
    this.#open(this.#parked);
  }

  /** Its stream begins again: what is parked is void, and so is a list that waits. */
  clear(): void {
    this.#holds.delete('list');
    this.#open([]);
  }

  #open(items: readonly Intake[]): void {
    const opened = this.#opened;
    this.#parked = [];
    this.#opened = Promise.withResolvers<void>();
    for (const item of items) this.#pass(item);
    opened.resolve();
  }
}
