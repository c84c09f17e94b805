/** Kinds of edit. */
export const CUT = 0;
export const MASK = 1;

/** Slices of a text to be left out or replaced: sorted, not overlapping. Reused from object to object. */
export class EditList {
  #numbers = new Int32Array(3 * 16);
  length = 0;

  /** Takes over `count` edits that stand one behind another, three numbers each. */
  read(from: Int32Array, at: number, count: number): void {
    const size = count * 3;
    if (size > this.#numbers.length) this.#numbers = new Int32Array(size * 2);
    const numbers = this.#numbers;
    for (let i = 0; i < size; i++) numbers[i] = from[at + i] as number;
    this.length = count;
  }

  write(to: Int32Array, at: number): void {
    const numbers = this.#numbers;
    for (let i = 0; i < this.length * 3; i++) to[at + i] = numbers[i] as number;
  }

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
