import { LaneReader, type LaneRecord } from '../model/lane.ts';
import type { Resource } from '../model/resource.ts';
import type { Batch } from './exporter.ts';

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

export interface QueuedRecord extends LaneRecord {
  readonly batch: OpenBatch;
}

/**
 * The records that wait for a sink, in the order of their batches, and which batches may be acknowledged. Pure. It is for
 * sinks that take some records at a time and no more before those are settled, so that the order of every key holds.
 */
export class RecordQueue {
  readonly #settled: (batch: OpenBatch) => void;
  readonly #streams = new Map<string, { incarnation: number; batches: OpenBatch[] }>();
  readonly #queue: { readonly batch: OpenBatch; readonly reader: LaneReader; at: number }[] = [];
  #queued = 0;
  #taken = 0;
  /** Their dead letters are not stored yet. */
  #setAside = 0;

  /** @param settled called for each batch once all its records, and all batches of the stream before it, are settled; for void ones too */
  constructor(settled: (batch: OpenBatch) => void) {
    this.#settled = settled;
  }

  /** Records that were not taken. */
  get queued(): number {
    return this.#queued;
  }

  /** Records that were taken and are not settled. */
  get taken(): number {
    return this.#taken;
  }

  get idle(): boolean {
    return this.#queued === 0 && this.#taken === 0 && this.#setAside === 0;
  }

  open(stream: string, incarnation: number): void {
    for (const batch of this.#streams.get(stream)?.batches ?? []) batch.void = true;
    this.#streams.set(stream, { incarnation, batches: [] });
  }

  add({ stream, incarnation, sequence, lane }: Batch): void {
    let state = this.#streams.get(stream.id);
    if (state === undefined || incarnation > state.incarnation) {
      this.open(stream.id, incarnation);
      state = this.#streams.get(stream.id) as { incarnation: number; batches: OpenBatch[] };
    }
    if (incarnation < state.incarnation) return; // its stream has begun again, which sends it again
    const reader = new LaneReader(lane);
    const batch: OpenBatch = {
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

  /** The next records, at least one where there is any: at most so many, of about so many bytes. They are to be settled. */
  take(records: number, bytes: number): QueuedRecord[] {
    const taken: QueuedRecord[] = [];
    let size = 0;
    for (let head = this.#queue[0]; head !== undefined && taken.length < records; head = this.#queue[0]) {
      const { batch, reader } = head;
      if (batch.void) {
        const unread = reader.count - head.at;
        this.#queue.shift();
        this.#queued -= unread;
        batch.left -= unread;
        if (batch.left === 0) this.#complete(batch);
        continue;
      }
      const record = reader.at(head.at);
      size += record.payload.length;
      if (taken.length > 0 && size > bytes) break;
      taken.push({
        subject: record.subject,
        key: record.key,
        id: record.id,
        operation: record.operation,
        payload: record.payload,
        batch,
      });
      this.#queued--;
      head.at++;
      if (head.at === reader.count) this.#queue.shift();
    }
    this.#taken += taken.length;
    return taken;
  }

  /** The record is stored, or is given up. */
  settle({ batch, payload }: QueuedRecord, stored: boolean): void {
    this.#taken--;
    if (stored) {
      batch.stored++;
      batch.storedBytes += payload.length;
    }
    if (--batch.left === 0) this.#complete(batch);
  }

  /** The record goes elsewhere: its batch stays open until `until` is fulfilled, and others pass. */
  async setAside({ batch }: QueuedRecord, until: Promise<void>): Promise<void> {
    this.#taken--;
    this.#setAside++;
    await until;
    this.#setAside--;
    if (--batch.left === 0) this.#complete(batch);
  }

  #complete(batch: OpenBatch): void {
    const state = this.#streams.get(batch.stream);
    if (batch.void || state === undefined) {
      this.#settled(batch);
      return;
    }
    for (let first = state.batches[0]; first?.left === 0; first = state.batches[0]) {
      state.batches.shift();
      this.#settled(first);
    }
  }
}
