import { mayGoOn, type Position } from '../model/position.ts';

/**
 * Whether a commit may be gone on from by a watch. From the first record of a list on, until its end is committed, it may not:
 * a list shows an object as it is, and a watch from before the list would tell afterwards what the object was in between. After
 * a crash another server may well know a position that the list was made for because it had expired. Pure.
 */
export class Listing {
  #isOpen = false;
  /** The last batch of the list, once it is delivered. */
  #end: number | undefined;
  /** The last commit that was handed out may be gone on from. */
  #goesOn: boolean;

  /** @param position that the stream begins at */
  constructor(position: Position | undefined) {
    this.#goesOn = mayGoOn(position);
  }

  /** @param position the last one committed */
  mayBegin(position: Position | undefined): boolean {
    return !this.#goesOn && !mayGoOn(position);
  }

  /** No commit from now on may be gone on from, until the end of the list. */
  begin(): void {
    this.#isOpen = true;
    this.#end = undefined;
    this.#goesOn = false;
  }

  delivered(sequence: number): void {
    if (this.#isOpen) this.#end = sequence;
  }

  /** A commit up to and including this batch is handed out. @returns whether it may be gone on from */
  commits(sequence: number): boolean {
    if (this.#end !== undefined && sequence >= this.#end) {
      this.#isOpen = false;
      this.#end = undefined;
    }
    this.#goesOn = !this.#isOpen;
    return this.#goesOn;
  }
}
