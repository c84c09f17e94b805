import { errorMessage, WatershardError } from '../model/errors.ts';
import { deadline } from './deadline.ts';
import { type Frame, frameLength, frameParts, joinParts, segmentHeader } from './frame.ts';
import { FreshBatches, totalOf } from './fresh.ts';
import { SegmentQueue } from './segment-queue.ts';
import type { SegmentReader } from './segment-reader.ts';
import { CURSOR, cursorBytes, type Found, findSegments, type Segment } from './segments.ts';
import type { BufferStorage } from './storage.ts';

/** Bytes that are written together. */
const GROUP = 2 ** 20;
/** What the sink stores within this time is not written at all, milliseconds. */
const LINGER = 10;
/** Bytes that wait in memory while the disk cannot be written to. */
const HELD = 4 * 2 ** 20;
/** A write that takes longer is not waited for by anything else, milliseconds. */
const STALLED = 2000;
/** After so many failures what cannot be read is given up. */
const READ_ATTEMPTS = 5;

export type LossReason = 'overflow' | 'buffer-unwritable' | 'buffer-damaged' | 'buffer-outdated';

export interface DiskBufferOptions {
  /** For messages. */
  readonly name: string;
  readonly bytes: number;
  readonly segmentBytes: number;
  readonly overflow: 'drop-newest' | 'drop-oldest';
  /** What was written with another one cannot be delivered. */
  readonly fingerprint: string;
  /** Time between two notes of what is acknowledged, milliseconds. */
  readonly cursorInterval?: number;
}

export interface DiskBufferEvents<Tag> {
  /**
   * Nothing has to wait for this batch any more: it is on the disk, or acknowledged, or dropped, or the disk cannot be
   * written to, when it waits in memory for as long as there is room. In the order of `append`.
   */
  taken(tag: Tag): void;
  /** `next` may have something. */
  readable(): void;
  lost(records: number, reason: LossReason): void;
  /** Bytes were stepped over, which are no batches. */
  damaged(bytes: number): void;
  /** What is wrong with the disk; undefined when nothing is any more. */
  trouble(error: WatershardError | undefined): void;
}

/**
 * A bounded queue of batches in segment files. What is appended is handed out in order, from memory where the reader keeps
 * up, else from the disk; what is handed out and not acknowledged is handed out again after a crash.
 *
 * Invariants: a batch that was `taken` is acknowledged, on the disk, told as `lost`, or the disk is in trouble. Batches are
 * handed out in the order of `append`. Segments and what is not written yet hold at most `bytes` together. A segment
 * goes when all of it is acknowledged. No fsync: a crash of the process loses nothing, one of the machine may.
 */
export class DiskBuffer<Tag> {
  readonly #storage: BufferStorage;
  readonly #options: DiskBufferOptions;
  readonly #events: DiskBufferEvents<Tag>;
  readonly #segments: SegmentQueue;
  readonly #fresh: FreshBatches<Tag>;
  /** Number of the next batch. */
  #next: number;
  /** Number of the first batch that was not handed out. */
  #reading: number;
  #loading: SegmentReader | undefined;
  #readFailures = 0;
  /** Handed out and not acknowledged, ascending. */
  readonly #inFlight = new Map<number, { readonly bytes: number; readonly records: number }>();
  #noted: number;
  #noteDue = false;
  #noteTimer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #trouble: WatershardError | undefined;
  #writeFailures = 0;
  /** For what is written; one write at a time. */
  readonly #space = Buffer.allocUnsafeSlow(GROUP + 1024);
  #closing = false;
  readonly #ending = Promise.withResolvers<void>();
  #bytes = 0;
  #records = 0;

  private constructor(
    storage: BufferStorage,
    options: DiskBufferOptions,
    events: DiskBufferEvents<Tag>,
    { segments, acknowledged, last }: Found,
  ) {
    this.#storage = storage;
    this.#options = options;
    this.#events = events;
    this.#segments = new SegmentQueue(storage, options, segments, {
      lost: (records, bytes, reason) => {
        this.#count(-records, -bytes);
        if (records > 0) events.lost(records, reason);
      },
      damaged: (bytes) => events.damaged(bytes),
      removed: () => this.#work(),
    });
    this.#fresh = new FreshBatches((tag) => events.taken(tag));
    this.#noted = acknowledged;
    this.#next = last + 1;
    this.#reading = acknowledged + 1;
    for (const { unread } of segments) this.#count(unread.records, unread.bytes);
  }

  /**
   * Opens what an earlier process has left. No other process may have the same folder open.
   * @throws WatershardError BUFFER_UNUSABLE
   */
  static async open<Tag>(
    storage: BufferStorage,
    options: DiskBufferOptions,
    events: DiskBufferEvents<Tag>,
  ): Promise<DiskBuffer<Tag>> {
    try {
      const found = await findSegments(storage, options.fingerprint);
      if (found.damaged > 0) events.damaged(found.damaged);
      if (found.setAside > 0) events.lost(found.setAside, 'buffer-outdated');
      return new DiskBuffer(storage, options, events, found);
    } catch (e) {
      const message = `opening the buffer of exporter ${options.name}: ${errorMessage(e)}`;
      throw new WatershardError('BUFFER_UNUSABLE', message, { cause: e });
    }
  }

  /** What is wrong with the disk at present. */
  get trouble(): WatershardError | undefined {
    return this.#trouble;
  }

  /** Number of the last batch that was appended, by an earlier process too. */
  get appended(): number {
    return this.#next - 1;
  }

  /** Of what is not acknowledged, in memory and on the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Not acknowledged. */
  get records(): number {
    return this.#records;
  }

  /** Of the segments, with what of them is acknowledged. */
  get diskBytes(): number {
    return this.#segments.bytes;
  }

  /** Takes a batch over, its body included. */
  append(entry: Omit<Frame, 'number'>, tag: Tag): void {
    const number = this.#next++;
    const bytes = frameLength(entry);
    if (this.#closing || !this.#makeRoom(bytes)) {
      this.#fresh.push({ ...entry, body: NOTHING, number }, tag, { gone: true, settled: true });
      this.#events.lost(entry.records, this.#closing ? 'buffer-unwritable' : 'overflow');
      return;
    }
    this.#count(entry.records, bytes);
    this.#fresh.push({ ...entry, number }, tag, { gone: false, settled: this.#trouble !== undefined });
    this.#work();
  }

  /**
   * The next batch to deliver; undefined where there is none at the moment, and `readable` tells when there may be. The
   * body is the caller's; the head is a view that is valid until the next call.
   */
  next(): (Frame & { readonly body: Uint8Array<ArrayBuffer> }) | undefined {
    while (!this.#closing && this.#reading < this.#next) {
      if (this.#reading >= (this.#fresh.first ?? this.#next)) {
        const batch = this.#fresh.at(this.#reading++);
        if (batch === undefined || batch.gone) continue;
        batch.read = true;
        return this.#handOut(batch);
      }
      const taken = this.#segments.take(this.#reading);
      if (taken === undefined) this.#reading = this.#fresh.first ?? this.#next;
      else if ('frame' in taken) {
        this.#reading = taken.frame.number + 1;
        return this.#handOut(taken.frame);
      } else {
        void this.#load(taken.load.segment, taken.load.reader);
        return undefined;
      }
    }
    this.#segments.settle();
    return undefined;
  }

  /** The batch is stored by the sink, or need not be. */
  ack(number: number): void {
    const batch = this.#inFlight.get(number);
    if (batch === undefined) return;
    this.#inFlight.delete(number);
    this.#count(-batch.records, -batch.bytes);
    this.#fresh.forget(number);
    this.#collect();
    if (this.#closing) return;
    this.#noteTimer ??= setTimeout(() => {
      this.#noteTimer = undefined;
      this.#noteDue = this.#acknowledged > this.#noted;
      this.#work();
    }, this.#options.cursorInterval ?? 200).unref();
  }

  /** Writes what is not written, within `patience` milliseconds, and lets go of the files. Idempotent. */
  async close(patience = 5000): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#ending.resolve();
    clearTimeout(this.#noteTimer);
    this.#collect();
    this.#noteDue = this.#acknowledged > this.#noted;
    this.#work();
    let late = false;
    const time = deadline(patience);
    void time.over.then(() => {
      late = true;
    });
    while (this.#running !== undefined && !late) await Promise.race([this.#running, time.over]);
    time.clear();
    const unwritten = this.#fresh.waitingRecords;
    if (unwritten > 0) this.#events.lost(unwritten, 'buffer-unwritable');
    if (!late) await this.#storage.close();
  }

  /** All batches up to this number are acknowledged, or lost. */
  get #acknowledged(): number {
    return (this.#inFlight.keys().next().value ?? this.#reading) - 1;
  }

  #count(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
  }

  #handOut({ number, records, head, body }: Frame): Frame & { readonly body: Uint8Array<ArrayBuffer> } {
    this.#inFlight.set(number, { bytes: frameLength({ head, body }), records });
    return { number, records, head, body: new Uint8Array(body) };
  }

  /** Drops what the policy says until there is room. @returns false where there is none */
  #makeRoom(bytes: number): boolean {
    const { bytes: limit, overflow } = this.#options;
    const full = (): boolean => this.#segments.bytes + this.#fresh.bytes + bytes > limit;
    const held = (): boolean => this.#trouble !== undefined && this.#fresh.bytes + bytes > HELD;
    while (full() || held()) {
      if (overflow === 'drop-newest') return false;
      // While the disk is in trouble a segment less makes no room in memory.
      if (!(full() && this.#segments.drop(this.#reading)) && !this.#dropFresh('oldest')) return false;
    }
    return true;
  }

  #dropFresh(which: 'oldest' | 'newest'): boolean {
    const batch = this.#fresh.droppable(which);
    if (batch === undefined) return false;
    this.#count(-batch.records, -batch.bytes);
    this.#fresh.forget(batch.number);
    this.#events.lost(batch.records, 'overflow');
    return true;
  }

  #collect(): void {
    this.#segments.collect(this.#acknowledged, this.#closing && !this.#fresh.waiting);
  }

  async #load(segment: Segment, reader: SegmentReader): Promise<void> {
    if (this.#loading === reader) return;
    this.#loading = reader;
    try {
      await reader.fill(segment.size);
      if (this.#readFailures > 0) this.#recovered();
      this.#readFailures = 0;
    } catch (e) {
      // A segment that was dropped meanwhile cannot be read, and need not be.
      if (this.#segments.isReading(reader) && !this.#closing) {
        this.#fail('reading', e);
        if (++this.#readFailures < READ_ATTEMPTS) await this.#pause(this.#readFailures);
        else {
          this.#readFailures = 0;
          this.#segments.discard(segment);
        }
      }
    }
    if (this.#loading === reader) this.#loading = undefined;
    if (!this.#closing) this.#events.readable();
  }

  get #busy(): boolean {
    return this.#segments.garbage.length > 0 || this.#noteDue || this.#fresh.waiting;
  }

  #work(): void {
    // Later, so that what an event leads to does not begin a second one.
    this.#running ??= Promise.resolve()
      .then(() => this.#run())
      .finally(() => {
        this.#running = undefined;
        // Something may have come after the last look; what failed while closing stays as it is.
        if (this.#busy && !(this.#closing && this.#trouble !== undefined)) this.#work();
      });
  }

  /** All that is written is written here, one thing at a time. */
  async #run(): Promise<void> {
    while (this.#busy) {
      try {
        const garbage = this.#segments.garbage.shift();
        if (garbage !== undefined) await this.#storage.remove(garbage);
        else if (this.#noteDue) await this.#note();
        else await this.#writeGroup();
      } catch (e) {
        this.#fail('writing', e);
        if (this.#closing) return;
        // On a full disk the buffer is full: dropping the oldest makes room.
        const full = (e as NodeJS.ErrnoException).code === 'ENOSPC';
        if (full && this.#options.overflow === 'drop-oldest') this.#segments.drop(this.#reading);
        await this.#pause(++this.#writeFailures);
      }
    }
  }

  async #note(): Promise<void> {
    const acknowledged = this.#acknowledged;
    this.#noteDue = false; // where it fails, the next acknowledgement asks for it again
    await this.#storage.write(CURSOR, cursorBytes(acknowledged), 0);
    this.#noted = acknowledged;
  }

  async #writeGroup(): Promise<void> {
    if (this.#reading === this.#next && this.#fresh.bytes < GROUP && !this.#closing) await this.#wait(LINGER);
    const group = this.#fresh.group(Math.min(GROUP, this.#options.segmentBytes));
    if (group.length === 0) return this.#fresh.written(true);
    const segment = this.#segments.segmentFor(group[0]!.number, totalOf(group).bytes);
    const parts = group.flatMap((batch) => frameParts(batch));
    if (segment.size === 0) parts.unshift(segmentHeader(this.#options.fingerprint));
    const bytes = joinParts(parts, this.#space);
    const late = new Error(`a write takes longer than ${STALLED / 1000} s`);
    const stall = setTimeout(() => this.#fail('writing', late), STALLED);
    try {
      await this.#storage.write(segment.name, bytes, segment.size);
    } catch (e) {
      this.#segments.notWritten();
      this.#fresh.written(false);
      throw e;
    } finally {
      clearTimeout(stall);
    }
    const last = group.at(-1)!.number;
    const unread = totalOf(group.filter((batch) => !batch.read && !batch.gone));
    this.#segments.wrote(segment, bytes.length, last, unread, this.#reading > last);
    this.#recovered();
    this.#fresh.written(true);
    this.#collect();
    if (this.#reading < this.#next) this.#events.readable();
  }

  #fail(doing: string, e: unknown): void {
    const message = `${doing} the buffer of exporter ${this.#options.name}: ${errorMessage(e)}`;
    this.#trouble = new WatershardError('BUFFER_UNWRITABLE', message, { cause: e });
    this.#events.trouble(this.#trouble);
    this.#fresh.settleAll();
    const which = this.#options.overflow === 'drop-newest' ? 'newest' : 'oldest';
    while (this.#fresh.bytes > HELD && this.#dropFresh(which));
  }

  #recovered(): void {
    this.#writeFailures = 0;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#events.trouble(undefined);
  }

  /** Doubles from 100 ms to 5 s. */
  #pause(failures: number): Promise<void> {
    return this.#wait(Math.min(5000, 50 * 2 ** failures));
  }

  /** Ended by `close`. */
  async #wait(millis: number): Promise<void> {
    const time = deadline(millis);
    await Promise.race([time.over, this.#ending.promise]);
    time.clear();
  }
}

const NOTHING = new Uint8Array(0);
