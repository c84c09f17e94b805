/**
 * How often the API server has gone back in time, as records say it in their ids, and which batches are of which generation,
 * for their commits. A new one begins with the list that follows, and is committed with the end of that list, never before: a
 * list that breaks off, or a crash in it, leads to the same generation again, and so to the same ids. Pure.
 */
export class Generations {
  /** Of what is read outside of a list. */
  #read: number;
  #listing: number;
  /** Ascending: a generation, and the batch from which on it is committed. */
  readonly #delivered: { readonly from: number; readonly generation: number }[];

  /** @param committed of the position that the stream begins at */
  constructor(committed: number) {
    this.#read = committed;
    this.#listing = committed;
    this.#delivered = [{ from: 0, generation: committed }];
  }

  /** A list begins. @returns the generation of its records */
  listBegins(restored: boolean): number {
    this.#listing = restored ? this.#read + 1 : this.#read;
    return this.#listing;
  }

  /** The end of the list is read. @returns its generation */
  listEnds(): number {
    this.#read = this.#listing;
    return this.#read;
  }

  /** @param sequence of the last batch that the end of a list of this generation made */
  delivered(generation: number, sequence: number): void {
    if (generation !== this.#delivered.at(-1)?.generation) this.#delivered.push({ from: sequence, generation });
  }

  /** Of a commit up to and including this batch; ascending. */
  at(sequence: number): number {
    while (this.#delivered.length > 1 && this.#delivered[1]!.from <= sequence) this.#delivered.shift();
    return this.#delivered[0]!.generation;
  }
}
