import { LaneReader, type LaneRecord } from '../../model/lane.ts';
import type { Batch } from '../exporter.ts';
import type { Filter } from '../record-filter.ts';

/** A batch of which not every record is settled. */
export interface OpenBatch {
  readonly stream: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly reader: LaneReader;
  /** Indices of the records that are to be sent; undefined for all. */
  readonly picked: Uint32Array | undefined;
  /** How many are to be sent, and how many of these were taken out of the queue. */
  readonly count: number;
  at: number;
  /** Records that are not settled: not stored, and not set aside. */
  left: number;
}

export interface Left {
  readonly resource: number;
  readonly namespace: number;
  readonly operation: number;
  readonly event: number;
}

/** A record that is next, with where it came from. */
export interface Queued extends LaneRecord {
  readonly batch: OpenBatch;
}

interface StreamState {
  incarnation: number;
  open: OpenBatch[];
}

/**
 * What waits to be sent, in the order in which it came, and what may be acknowledged: a batch is when its records and those
 * of all batches of its stream before it are settled. Pure.
 */
export class Ledger {
  readonly #acked: (batch: OpenBatch) => void;
  readonly #streams = new Map<string, StreamState>();
  #queue: OpenBatch[] = [];
  #unsettled = 0;
  #records = 0;
  #bytes = 0;

  /** @param acked called in the order of the stream's sequences, never for an older incarnation */
  constructor(acked: (batch: OpenBatch) => void) {
    this.#acked = acked;
  }

  /** Records that wait. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of batches that wait, an estimate from above. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing waits, and every batch is acknowledged. */
  get idle(): boolean {
    return this.#records === 0 && this.#unsettled === 0;
  }

  /** A stream begins, or begins again: what is left of older incarnations is void. */
  open(stream: string, incarnation: number): void {
    const state = this.#streams.get(stream);
    this.#streams.set(stream, { incarnation, open: [] });
    if (state === undefined || state.open.length === 0) return;
    const isVoid = (b: OpenBatch): boolean => b.stream === stream && b.incarnation < incarnation;
    this.#unsettled -= state.open.length;
    this.#queue = this.#queue.filter((b) => {
      if (!isVoid(b)) return true;
      this.#records -= b.count - b.at;
      this.#bytes -= b.reader.byteLength;
      return false;
    });
  }

  /** @returns how many records the filter leaves out; they count as settled once `settle` was called */
  add(batch: Batch, filter: Filter | undefined): { readonly batch: OpenBatch; readonly left: Left } {
    const { stream, incarnation, sequence } = batch;
    const reader = new LaneReader(batch.lane);
    const left = { resource: 0, namespace: 0, operation: 0, event: 0 };
    let picked: Uint32Array | undefined;
    if (filter !== undefined) {
      const kept: number[] = [];
      for (let i = 0; i < reader.count; i++) {
        const reason = filter(reader.at(i));
        if (reason === '') kept.push(i);
        else left[reason]++;
      }
      if (kept.length < reader.count) picked = Uint32Array.from(kept);
    }
    const count = picked?.length ?? reader.count;
    const open: OpenBatch = { stream: stream.id, incarnation, sequence, reader, picked, count, at: 0, left: count };
    let state = this.#streams.get(stream.id);
    if (state === undefined || incarnation > state.incarnation) {
      this.open(stream.id, incarnation);
      state = this.#streams.get(stream.id) as StreamState;
    }
    if (incarnation === state.incarnation) {
      state.open.push(open);
      this.#unsettled++;
      if (count > 0) {
        this.#queue.push(open);
        this.#records += count;
        this.#bytes += reader.byteLength;
      }
    }
    return { batch: open, left };
  }

  /** The next records that fit, one at least where there is any; they stay where they are. */
  peek(records: number, bytes: number): Queued[] {
    const next: Queued[] = [];
    let length = 0;
    for (const batch of this.#queue) {
      for (let at = batch.at; at < batch.count; at++) {
        const record = batch.reader.at(batch.picked?.[at] ?? at);
        length += record.payload.length;
        if (next.length === records || (next.length > 0 && length > bytes)) return next;
        next.push({ ...record, batch });
      }
    }
    return next;
  }

  /** Takes the first records out of the queue, those which `peek` gave. Records that became void meanwhile are passed over. */
  take(records: readonly Queued[]): void {
    for (const { batch } of records) {
      if (!this.#isCurrent(batch)) continue;
      batch.at++;
      this.#records--;
      if (batch.at < batch.count) continue;
      this.#queue.splice(this.#queue.indexOf(batch), 1);
      this.#bytes -= batch.reader.byteLength;
    }
  }

  isCurrent({ batch }: Queued): boolean {
    return this.#isCurrent(batch);
  }

  /** So many records of a batch are stored or set aside; acknowledges what can be. */
  settle(batch: OpenBatch, records: number): void {
    batch.left -= records;
    const state = this.#streams.get(batch.stream);
    if (state === undefined || !this.#isCurrent(batch)) return;
    while (state.open.length > 0 && state.open[0]!.left === 0) {
      this.#unsettled--;
      this.#acked(state.open.shift()!);
    }
  }

  #isCurrent({ stream, incarnation }: OpenBatch): boolean {
    return this.#streams.get(stream)?.incarnation === incarnation;
  }
}
