import type { LaneReader, LaneRecord } from '../../model/lane.ts';
import { FRAME_TAIL, SUBJECT_AT } from '../../model/nats-frame.ts';
import type { Operation } from '../../model/record.ts';
import type { Resource } from '../../model/resource.ts';

/** A batch of which not every record is settled. */
export interface OpenBatch {
  readonly stream: string;
  readonly resource: Resource;
  readonly incarnation: number;
  readonly sequence: number;
  readonly reader: LaneReader;
  /** Records that are not settled. */
  left: number;
  stored: number;
  storedBytes: number;
  /** Some of it was sent more than once: the last answer does not mean that it is not being sent any more. */
  repeated: boolean;
  /** A newer incarnation of its stream began: what was not sent is not sent any more, and its acknowledgement is not told. */
  void: boolean;
}

/**
 * One record on its way to the server. There is one for each event, so texts are read out of the lane only where asked for, and
 * the object of a record that was stored becomes that of another: what is in flight outlives V8's young generation.
 */
export class Message implements LaneRecord {
  batch: OpenBatch;
  #index: number;
  /** Of the key; another key may have the same one. */
  keyHash: number;
  /** Payload bytes. */
  bytes: number;
  /** Set when it enters the window; the same for every attempt, so that a late answer to an earlier one counts. */
  token = 0;
  /** Ascending in the order in which messages enter the window. */
  turn = 0;
  /** Written for it, where it is not sent as the frame in the lane. */
  headers: Uint8Array | undefined;
  /** Sent in place of the payload, which is in the object store. */
  reference: Uint8Array | undefined;
  /** Of the last attempt; Unix time, milliseconds. */
  sentAt = 0;
  attempts = 0;
  /** Of these, the ones since it was last answered, or the connection made. */
  unansweredAttempts = 0;
  /** The server has answered the last attempt with an error, so it is not stored. */
  failed = false;
  /** The one behind it of its key. */
  next: Message | undefined;
  /** Of KeyTails. */
  chained: Message | undefined;

  constructor(batch: OpenBatch, index: number) {
    this.batch = batch;
    this.#index = index;
    this.keyHash = batch.reader.keyHash(index);
    this.bytes = batch.reader.payloadLength(index);
  }

  /** It was sent once, as the lane has it, and nothing was the matter with it: nobody keeps such a one when it is settled. */
  get isPlain(): boolean {
    return this.attempts === 1 && this.headers === undefined && this.reference === undefined;
  }

  /** Makes it the message of another record. Only of one that is plain and settled. */
  reuse(batch: OpenBatch, index: number): this {
    this.batch = batch;
    this.#index = index;
    this.keyHash = batch.reader.keyHash(index);
    this.bytes = batch.reader.payloadLength(index);
    this.attempts = 0;
    this.unansweredAttempts = 0;
    return this;
  }

  get subject(): string {
    return this.batch.reader.subject(this.#index);
  }

  get key(): string {
    return this.batch.reader.key(this.#index);
  }

  get id(): string {
    return this.batch.reader.id(this.#index);
  }

  get operation(): Operation {
    return this.batch.reader.operation(this.#index);
  }

  get payload(): Uint8Array<ArrayBuffer> {
    return this.batch.reader.payload(this.#index);
  }

  /** Whether the lane has it as a message of the protocol. */
  get framed(): boolean {
    return this.frameStart < this.batch.reader.payloadStart(this.#index);
  }

  /** Where the frame is in the lane. */
  get frameStart(): number {
    return this.batch.reader.frameStart(this.#index);
  }

  get frameEnd(): number {
    return this.batch.reader.frameEnd(this.#index);
  }

  /** Where the reply subject is in the lane. */
  get replyAt(): number {
    return this.frameStart + SUBJECT_AT + this.batch.reader.subjectLength(this.#index) + 1;
  }

  /** The header block in the frame. @param replyLength characters of the reply subject */
  framedHeaders(replyLength: number): Uint8Array {
    const { frames } = this.batch.reader;
    const line = frames.indexOf(FRAME_TAIL, this.replyAt + replyLength);
    return frames.subarray(line + FRAME_TAIL.length, this.batch.reader.payloadStart(this.#index));
  }
}
