/** Kinds of edit. */
export const CUT = 0;
export const MASK = 1;

/** Slices of a text to be left out or replaced: sorted, not overlapping. Reused from object to object. */
export class EditList {
  #numbers = new Int32Array(3 * 16);
  length = 0;

  push(start: number, end: number, kind: number): void {
    const at = this.length * 3;
    if (at === this.#numbers.length) {
      const grown = new Int32Array(at * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[at] = start;
    this.#numbers[at + 1] = end;
    this.#numbers[at + 2] = kind;
    this.length++;
  }

  start(i: number): number {
    return this.#numbers[i * 3] as number;
  }

  end(i: number): number {
    return this.#numbers[i * 3 + 1] as number;
  }

  kind(i: number): number {
    return this.#numbers[i * 3 + 2] as number;
  }
}
