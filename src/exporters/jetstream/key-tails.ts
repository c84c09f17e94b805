import type { Message } from './message.ts';

const BUCKETS = 2 ** 14;

/**
 * The last message of each key that is in flight or waits. Keys are told by a hash: two that have the same one are one key
 * here. A table of chains through the messages, since a Map makes a new table of its entries every few thousand changes.
 */
export class KeyTails {
  readonly #buckets = new Array<Message | undefined>(BUCKETS).fill(undefined);

  /** Makes the message the last of its key. @returns the one that was */
  replace(message: Message): Message | undefined {
    const bucket = message.keyHash % BUCKETS;
    const before = this.#take(message.keyHash);
    message.chained = this.#buckets[bucket];
    this.#buckets[bucket] = message;
    return before;
  }

  /** The message was the last of its key, and has gone. */
  remove(message: Message): void {
    this.#take(message.keyHash);
  }

  #take(hash: number): Message | undefined {
    const bucket = hash % BUCKETS;
    let before: Message | undefined;
    for (let at = this.#buckets[bucket]; at !== undefined; before = at, at = at.chained) {
      if (at.keyHash !== hash) continue;
      if (before === undefined) this.#buckets[bucket] = at.chained;
      else before.chained = at.chained;
      at.chained = undefined;
      return at;
    }
    return undefined;
  }
}
