import type { Message } from './message.ts';

/** A token is the number of a slot and how many messages were in flight before it: 17 and 31 bits. */
const SLOTS = 2 ** 17;
const TURNS = 2 ** 31;

/** Messages that were sent and are not settled, each in a slot that its token leads to. */
export class InFlight {
  readonly #slots: (Message | undefined)[] = [];
  readonly #free: number[] = [];
  #turn = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives the message its token. */
  add(message: Message): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = message;
    this.#size++;
    message.turn = ++this.#turn;
    message.token = (message.turn % TURNS) * SLOTS + slot;
  }

  /** undefined where it is settled, or was put in flight anew: the token is of an earlier time. */
  get(token: number): Message | undefined {
    const message = this.#slots[token % SLOTS];
    return message?.token === token ? message : undefined;
  }

  has(token: number): boolean {
    return this.get(token) !== undefined;
  }

  remove(message: Message): void {
    if (!this.has(message.token)) return;
    const slot = message.token % SLOTS;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#size--;
  }

  /** In the order in which they were put in flight. For what is rare: it looks at all of them. */
  values(): Message[] {
    return this.#slots.filter((m) => m !== undefined).sort((a, b) => a.turn - b.turn);
  }
}
