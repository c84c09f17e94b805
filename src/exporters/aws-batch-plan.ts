import type { AwsMessage } from './aws-message.ts';

/** Messages that a request may hold (SendMessageBatch, PublishBatch). */
export const MOST_MESSAGES = 10;

/**
 * Puts messages into requests, several of which may be under way at once. Of a key no two messages are: within a request
 * each message is taken or refused by itself, so of two the later could be stored and the earlier not. Pure.
 */
export class AwsBatchPlan {
  readonly #messages: readonly AwsMessage[];
  readonly #maxBytes: number;
  /** Those that were not given out, in order. */
  #left: number[];
  readonly #busy = new Set<string>();

  /** @param indices of the messages that are to be sent */
  constructor(messages: readonly AwsMessage[], indices: readonly number[], maxBytes: number) {
    this.#messages = messages;
    this.#left = [...indices];
    this.#maxBytes = maxBytes;
  }

  /** Indices for the next request; empty where nothing can be sent before a request that is under way has its answer. */
  next(): number[] {
    const taken: number[] = [];
    const passed = new Set<string>();
    const left: number[] = [];
    let bytes = 0;
    for (const index of this.#left) {
      const message = this.#messages[index] as AwsMessage;
      const fits =
        taken.length < MOST_MESSAGES &&
        (taken.length === 0 || bytes + message.bytes <= this.#maxBytes) &&
        !passed.has(message.key);
      if (fits && !this.#busy.has(message.key)) {
        taken.push(index);
        bytes += message.bytes;
        this.#busy.add(message.key);
      } else {
        left.push(index);
        passed.add(message.key);
      }
    }
    this.#left = left;
    return taken;
  }

  /** The request has its answer. The messages of a key that was not stored are not given out any more. */
  done(index: number, stored: boolean): void {
    if (stored) this.#busy.delete((this.#messages[index] as AwsMessage).key);
  }
}
