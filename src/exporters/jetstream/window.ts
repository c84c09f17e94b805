import { giveMemory } from '../../model/batch-memory.ts';
import { LaneReader, LaneWriter } from '../../model/lane.ts';
import type { Batch } from '../exporter.ts';
import { InFlight } from './in-flight.ts';
import { KeyTails } from './key-tails.ts';
import { Message, type OpenBatch } from './message.ts';

/**
 * Records that wait behind another of their key. More are not taken out of their batches, so that one busy object costs a
 * bounded number of small objects, at the price of holding up what stands behind it.
 */
const MAX_WAITING = 8192;

/** Messages that are kept for other records. */
const MAX_SPARE = 16_384;

/** Times the timeout: how long a repeated message waits for its answer at most. */
const PATIENCE = 8;

interface StreamState {
  incarnation: number;
  batches: OpenBatch[];
}

/**
 * Which message goes next, and what may be acknowledged. Pure.
 *
 * Of one key at most one message is in flight. Were there two, the first could be lost with a connection and be sent
 * again after the second was stored: an older state after a newer one. Other keys flow on meanwhile.
 */
export class KeyedWindow {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #acked: (batch: OpenBatch) => void;
  readonly #streams = new Map<string, StreamState>();
  readonly #queue: { readonly batch: OpenBatch; at: number }[] = [];
  /** Two keys that are taken for one wait for each other. */
  readonly #tails = new KeyTails();
  /** Settled, and ready to be other records' messages. */
  readonly #spare: Message[] = [];
  /** First of their key, to be sent next. */
  #sendable: Message[] = [];
  #sendableAt = 0;
  #waiting = 0;
  #queued = 0;
  #bytes = 0;
  readonly inFlight = new InFlight();
  /** On their way to the object store: each keeps its key, and takes no room that others could have. */
  readonly #parked = new Set<Message>();
  /** Their dead letters are not stored yet. */
  #setAside = 0;

  /** @param acked called for each batch once all its records, and all batches of the stream before it, are settled; for void ones too */
  constructor(limits: { messages: number; bytes: number }, acked: (batch: OpenBatch) => void) {
    this.#maxMessages = limits.messages;
    this.#maxBytes = limits.bytes;
    this.#acked = acked;
  }

  /** Records that are not in flight yet. */
  get queued(): number {
    return this.#queued;
  }

  /** Messages on their way to the object store. */
  get parked(): number {
    return this.#parked.size;
  }

  get bytesInFlight(): number {
    return this.#bytes;
  }

  get idle(): boolean {
    return this.#queued === 0 && this.inFlight.size === 0 && this.#parked.size === 0 && this.#setAside === 0;
  }

  /** It is being sent. @param now Unix time, milliseconds */
  sent(message: Message, now: number): void {
    message.sentAt = now;
    if (++message.attempts > 1) message.batch.repeated = true;
    message.unansweredAttempts++;
    message.failed = false;
  }

  /** A message was sent again, and has no answer yet. */
  get repeating(): boolean {
    return this.inFlight.values().some((m) => m.unansweredAttempts > 1);
  }

  /** A message in flight to this subject, or else any. */
  sentTo(subject: string): Message | undefined {
    const all = this.inFlight.values();
    return all.find((m) => m.subject === subject) ?? all[0];
  }

  open(stream: string, incarnation: number): void {
    for (const batch of this.#streams.get(stream)?.batches ?? []) batch.void = true;
    this.#streams.set(stream, { incarnation, batches: [] });
  }

  add({ stream, incarnation, sequence, lane }: Batch): void {
    let state = this.#streams.get(stream.id);
    if (state === undefined || incarnation > state.incarnation) {
      this.open(stream.id, incarnation);
      state = this.#streams.get(stream.id) as StreamState;
    }
    if (incarnation < state.incarnation) return; // its stream has begun again, which sends it again
    const reader = new LaneReader(lane);
    const batch = {
      stream: stream.id,
      resource: stream.resource,
      incarnation,
      sequence,
      reader,
      left: reader.count,
      stored: 0,
      storedBytes: 0,
      repeated: false,
      void: false,
    };
    state.batches.push(batch);
    this.#queued += reader.count;
    if (reader.count === 0) this.#complete(batch);
    else this.#queue.push({ batch, at: 0 });
  }

  /** The next message to send, which is then in flight; undefined where the window is full or nothing may be sent. */
  next(): Message | undefined {
    for (;;) {
      const message = this.#sendable[this.#sendableAt];
      if (message === undefined) {
        if (!this.#read()) return undefined;
        continue;
      }
      if (!message.batch.void) {
        if (this.inFlight.size >= this.#maxMessages) return undefined;
        if (this.#bytes > 0 && this.#bytes + message.bytes > this.#maxBytes) return undefined;
      }
      this.#sendableAt++;
      if (this.#sendableAt === this.#sendable.length) {
        this.#sendable = [];
        this.#sendableAt = 0;
      }
      this.#queued--;
      this.inFlight.add(message);
      this.#bytes += message.bytes;
      if (!message.batch.void) return message;
      this.settle(message, false);
    }
  }

  /**
   * Those that were not answered in time: twice as long for each attempt, up to `PATIENCE`. What is sent again to a server
   * that does not read stays in memory until the connection is given up.
   */
  unanswered(timeout: number, now = Date.now()): Message[] {
    return this.inFlight
      .values()
      .filter((m) => m.sentAt < now - timeout * Math.min(PATIENCE, 2 ** (m.unansweredAttempts - 1)));
  }

  /** Out of the window, while the next of its key still waits for it. */
  park(message: Message): void {
    this.#leave(message);
    this.#parked.add(message);
  }

  /** Back in the window, with a new token: answers to what was sent before it was parked do not count. */
  unpark(message: Message): void {
    this.#parked.delete(message);
    this.inFlight.add(message);
    this.#bytes += message.bytes;
  }

  /** The message is stored, or is given up; the next of its key may go. */
  settle(message: Message, stored: boolean): void {
    this.#pass(message);
    const { batch } = message;
    if (stored) {
      batch.stored++;
      batch.storedBytes += message.bytes;
    }
    if (message.isPlain && this.#spare.length < MAX_SPARE) {
      message.batch = NO_BATCH;
      this.#spare.push(message);
    }
    if (--batch.left === 0) this.#complete(batch);
  }

  /** The message goes elsewhere: the next of its key may go, and its batch stays open until `until` is fulfilled. */
  async setAside(message: Message, until: Promise<void>): Promise<void> {
    this.#pass(message);
    this.#setAside++;
    await until;
    this.#setAside--;
    if (--message.batch.left === 0) this.#complete(message.batch);
  }

  #leave(message: Message): void {
    if (this.#parked.delete(message)) return;
    this.inFlight.remove(message);
    this.#bytes -= message.bytes;
  }

  #pass(message: Message): void {
    this.#leave(message);
    if (message.next !== undefined) {
      this.#waiting--;
      this.#sendable.push(message.next);
      message.next = undefined;
    } else this.#tails.remove(message);
  }

  /** Takes one record out of its batch; false where there is none or too many wait. */
  #read(): boolean {
    const head = this.#queue[0];
    if (head === undefined || this.#waiting >= MAX_WAITING) return false;
    const { batch } = head;
    const { count } = batch.reader;
    if (batch.void && head.at < count) {
      const unread = count - head.at;
      this.#queued -= unread;
      batch.left -= unread;
      this.#queue.shift();
      if (batch.left === 0) this.#complete(batch);
      return true;
    }
    const message = this.#spare.pop()?.reuse(batch, head.at) ?? new Message(batch, head.at);
    if (++head.at === count) this.#queue.shift();
    const before = this.#tails.replace(message);
    if (before === undefined) this.#sendable.push(message);
    else {
      before.next = message;
      this.#waiting++;
    }
    return true;
  }

  #complete(batch: OpenBatch): void {
    const state = this.#streams.get(batch.stream);
    if (!batch.repeated) giveMemory(batch.reader.frames.buffer);
    if (batch.void || state === undefined) {
      this.#acked(batch);
      return;
    }
    for (let first = state.batches[0]; first?.left === 0; first = state.batches[0]) {
      state.batches.shift();
      this.#acked(first);
    }
  }
}

/** Of what is in no batch, so that a message that waits for another record keeps nothing alive. */
const NO_BATCH: OpenBatch = {
  stream: '',
  resource: { group: '', version: '', kind: '', resource: '', namespaced: false },
  incarnation: 0,
  sequence: 0,
  reader: new LaneReader(new LaneWriter().finish()),
  left: 0,
  stored: 0,
  storedBytes: 0,
  repeated: false,
  void: true,
};
