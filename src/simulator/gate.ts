import type { ServerResponse } from 'node:http';
import type { BodyWriter } from './body-writer.ts';

/**
 * Lets lists and watches wait, so that what comes before them can be told from what they cost. They are rendered meanwhile.
 */
export class Gate {
  #closed: boolean;
  readonly #waiting = new Set<BodyWriter>();

  constructor(closed: boolean) {
    this.#closed = closed;
  }

  /** Responses that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  close(): void {
    this.#closed = true;
  }

  open(): void {
    this.#closed = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const writer of waiting) writer.release();
  }

  /** Holds a response where the gate is closed. */
  admit(writer: BodyWriter, response: ServerResponse): void {
    if (!this.#closed) return;
    writer.hold();
    this.#waiting.add(writer);
    response.once('close', () => this.#waiting.delete(writer));
  }
}
