import { LaneReader, type LaneRecord } from '../../model/lane.ts';
import type { Resource } from '../../model/resource.ts';
import type { Batch } from '../exporter.ts';

/**
 * Records that wait behind another of their key. More are not taken out of their batches, so that one busy object costs a
 * bounded number of small objects, at the price of holding up what stands behind it.
 */
const MAX_WAITING = 8192;

/** Times the timeout: how long a repeated message waits for its answer at most. */
const PATIENCE = 8;

/** A batch of which not every record is settled. */
export interface OpenBatch {
  readonly stream: string;
  readonly resource: Resource;
  readonly incarnation: number;
  readonly sequence: number;
  /** Records that are not settled. */
  left: number;
  stored: number;
  storedBytes: number;
  /** A newer incarnation of its stream began: what was not sent is not sent any more, and its acknowledgement is not told. */
  void: boolean;
}

export interface Message extends LaneRecord {
  readonly batch: OpenBatch;
  /** Payload bytes. */
  readonly bytes: number;
  /** Set when it enters the window; the same for every attempt, so that a late answer to an earlier one counts. */
  token: number;
  headers: Uint8Array;
  /** Sent in place of the payload, which is in the object store. */
  reference: Uint8Array | undefined;
  /** Of the last attempt; monotonic, milliseconds. */
  sentAt: number;
  attempts: number;
  /** Of these, the ones since it was last answered, or the connection made. */
  unansweredAttempts: number;
  /** The server has answered the last attempt with an error, so it is not stored. */
  failed: boolean;
  next: Message | undefined;
}

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
  readonly #queue: { readonly batch: OpenBatch; readonly reader: LaneReader; at: number }[] = [];
  /** The last message of each key that is in flight or waits; each points to the one behind it. */
  readonly #tails = new Map<string, Message>();
  /** First of their key, to be sent next. */
  #sendable: Message[] = [];
  #sendableAt = 0;
  #waiting = 0;
  #queued = 0;
  #token = 0;
  #bytes = 0;
  /** Sent and not settled, in the order in which they were sent first. */
  readonly inFlight = new Map<number, Message>();
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

  /** It is being sent. */
  sent(message: Message): void {
    message.sentAt = Date.now();
    message.attempts++;
    message.unansweredAttempts++;
    message.failed = false;
  }

  /** A message was sent again, and has no answer yet. */
  get repeating(): boolean {
    return [...this.inFlight.values()].some((m) => m.unansweredAttempts > 1);
  }

  /** A message in flight to this subject, or else any. */
  sentTo(subject: string): Message | undefined {
    const [any] = this.inFlight.values();
    return [...this.inFlight.values()].find((m) => m.subject === subject) ?? any;
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
      left: reader.count,
      stored: 0,
      storedBytes: 0,
      void: false,
    };
    state.batches.push(batch);
    this.#queued += reader.count;
    if (reader.count === 0) this.#complete(batch);
    else this.#queue.push({ batch, reader, at: 0 });
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
      message.token = ++this.#token;
      this.inFlight.set(message.token, message);
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
    return [...this.inFlight.values()].filter(
      (m) => m.sentAt < now - timeout * Math.min(PATIENCE, 2 ** (m.unansweredAttempts - 1)),
    );
  }

  /** Out of the window, while the next of its key still waits for it. */
  park(message: Message): void {
    this.#leave(message);
    this.#parked.add(message);
  }

  /** Back in the window, with a new token: answers to what was sent before it was parked do not count. */
  unpark(message: Message): void {
    this.#parked.delete(message);
    message.token = ++this.#token;
    this.inFlight.set(message.token, message);
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
    this.inFlight.delete(message.token);
    this.#bytes -= message.bytes;
  }

  #pass(message: Message): void {
    this.#leave(message);
    if (message.next !== undefined) {
      this.#waiting--;
      this.#sendable.push(message.next);
      message.next = undefined;
    } else this.#tails.delete(message.key);
  }

  /** Takes one record out of its batch; false where there is none or too many wait. */
  #read(): boolean {
    const head = this.#queue[0];
    if (head === undefined || this.#waiting >= MAX_WAITING) return false;
    if (head.batch.void && head.at < head.reader.count) {
      const unread = head.reader.count - head.at;
      this.#queued -= unread;
      head.batch.left -= unread;
      this.#queue.shift();
      if (head.batch.left === 0) this.#complete(head.batch);
      return true;
    }
    const record = head.reader.at(head.at++);
    if (head.at === head.reader.count) this.#queue.shift();
    const message: Message = {
      subject: record.subject,
      key: record.key,
      id: record.id,
      operation: record.operation,
      payload: record.payload,
      batch: head.batch,
      bytes: record.payload.length,
      token: 0,
      headers: EMPTY,
      reference: undefined,
      sentAt: 0,
      attempts: 0,
      unansweredAttempts: 0,
      failed: false,
      next: undefined,
    };
    const before = this.#tails.get(message.key);
    this.#tails.set(message.key, message);
    if (before === undefined) this.#sendable.push(message);
    else {
      before.next = message;
      this.#waiting++;
    }
    return true;
  }

  #complete(batch: OpenBatch): void {
    const state = this.#streams.get(batch.stream);
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

const EMPTY = new Uint8Array(0);
