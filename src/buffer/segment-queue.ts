import { type Frame, frameLength } from './frame.ts';
import { SegmentReader } from './segment-reader.ts';
import { newSegment, type Segment } from './segments.ts';
import type { BufferStorage } from './storage.ts';

/** A segment that was delivered goes when it has come to this size. */
const WORN = 2 ** 20;

export interface SegmentQueueEvents {
  /** What of a segment was not read is lost. */
  lost(records: number, bytes: number, reason: 'overflow' | 'buffer-damaged'): void;
  /** Bytes were stepped over, which are no batches. */
  damaged(bytes: number): void;
  /** `garbage` has grown. */
  removed(): void;
}

interface Place {
  readonly segment: Segment;
  readonly reader: SegmentReader;
}

/** The segments of a buffer: which one is written, where the reader stands, and which may go. */
export class SegmentQueue {
  readonly #storage: BufferStorage;
  readonly #options: { readonly segmentBytes: number; readonly fingerprint: string };
  readonly #events: SegmentQueueEvents;
  readonly #segments: Segment[];
  #active: Segment | undefined;
  /** The active one is being written to. */
  #writing = false;
  #place: Place | undefined;
  /** Names of files that are to be removed. */
  readonly garbage: string[] = [];

  constructor(
    storage: BufferStorage,
    options: { readonly segmentBytes: number; readonly fingerprint: string },
    segments: Segment[],
    events: SegmentQueueEvents,
  ) {
    this.#storage = storage;
    this.#options = options;
    this.#segments = segments;
    this.#events = events;
  }

  /** On the disk. */
  get bytes(): number {
    return this.#segments.reduce((total, s) => total + s.size, 0);
  }

  /**
   * The next frame from this number on, or where it has to be loaded from; undefined where no segment has one.
   * @param reading number of the first batch that was not handed out
   */
  take(reading: number): { readonly frame: Frame } | { readonly load: Place } | undefined {
    for (;;) {
      const place = this.#findPlace(reading);
      if (place === undefined) return undefined;
      const { segment, reader } = place;
      const skipped = reader.skipped;
      const frame = reader.take(segment.size);
      if (reader.skipped > skipped) this.#events.damaged(reader.skipped - skipped);
      if (frame === undefined) {
        if (reader.offset < segment.size) return { load: place };
        continue;
      }
      // It was handed out from memory, or needed no more, before it was written.
      if (frame.number < reading) continue;
      segment.unread.records -= frame.records;
      segment.unread.bytes -= frameLength(frame);
      return { frame };
    }
  }

  /** The reader still stands where this was to be loaded. */
  isReading(reader: SegmentReader): boolean {
    return this.#place?.reader === reader;
  }

  /** The segment for the next `bytes`, which begin with this number; `wrote` or `notWritten` has to follow. */
  segmentFor(first: number, bytes: number): Segment {
    this.#writing = true;
    const active = this.#active;
    if (active !== undefined && (active.size === 0 || active.size + bytes <= this.#options.segmentBytes)) return active;
    this.#active = newSegment(first, this.#options.fingerprint);
    return this.#active;
  }

  /**
   * @param last number of the last batch that was written
   * @param unread what of it nobody has
   * @param caughtUp all of it was handed out, and all that was written before
   */
  wrote(segment: Segment, bytes: number, last: number, unread: Segment['unread'], caughtUp: boolean): void {
    this.#writing = false;
    if (segment.size === 0) this.#segments.push(segment);
    segment.size += bytes;
    segment.last = last;
    segment.unread.records += unread.records;
    segment.unread.bytes += unread.bytes;
    if (caughtUp) this.#place = { segment, reader: new SegmentReader(this.#storage, segment.name, segment.size) };
  }

  notWritten(): void {
    this.#writing = false;
  }

  /** Segments go of which all is acknowledged. @param rest also the one that is written, however small it is */
  collect(acknowledged: number, rest: boolean): void {
    const active = this.#active;
    const worn = active !== undefined && active.size > (rest ? 0 : WORN) && active.last <= acknowledged;
    if (worn && !this.#writing) this.#active = undefined;
    for (;;) {
      const first = this.#segments[0];
      if (first === undefined || first === this.#active || first.last > acknowledged) return;
      this.#remove(first);
    }
  }

  /**
   * Drops the oldest segment of which nothing was read, or else the oldest: what the sink was given it may still store.
   * @returns false where there is none but the one that is written
   */
  drop(reading: number): boolean {
    const sealed = this.#segments.filter((s) => s !== this.#active);
    const segment = sealed.find((s) => s.first >= reading) ?? sealed[0];
    if (segment === undefined) return false;
    this.#giveUp(segment, 'overflow');
    this.#remove(segment);
    return true;
  }

  /** What cannot be read is lost. */
  discard(segment: Segment): void {
    this.#giveUp(segment, 'buffer-damaged');
    this.#remove(segment);
  }

  /** Where the reader stands at the end of a segment, all its frames have been seen: what was counted and did not come is damaged. */
  settle(): boolean {
    const place = this.#place;
    if (place === undefined || place.reader.offset < place.segment.size) return false;
    this.#giveUp(place.segment, 'buffer-damaged');
    return true;
  }

  #findPlace(reading: number): Place | undefined {
    const place = this.#place;
    if (place !== undefined && !this.settle()) return place;
    const after = place?.segment.first ?? 0;
    const segment = this.#segments.find((s) => s.first > after && s.last >= reading);
    if (segment === undefined) return undefined;
    this.#place = { segment, reader: new SegmentReader(this.#storage, segment.name, segment.start) };
    return this.#place;
  }

  #giveUp(segment: Segment, reason: 'overflow' | 'buffer-damaged'): void {
    const { records, bytes } = segment.unread;
    segment.unread = { records: 0, bytes: 0 };
    if (bytes > 0) this.#events.lost(records, bytes, reason);
  }

  #remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    if (this.#place?.segment === segment) this.#place = undefined;
    if (this.#active === segment) this.#active = undefined;
    this.garbage.push(segment.name);
    this.#events.removed();
  }
}
