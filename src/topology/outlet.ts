import type { Batch, Exporter, Health } from '../exporters/exporter.ts';
import type { FieldColumn } from '../model/field-type.ts';
import type { Position } from '../model/position.ts';
import type { Stream } from '../model/resource.ts';
import type { BufferStatus } from '../model/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { AckTimes } from './ack-times.ts';

export interface OutletOptions {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly buffer: { readonly bytes: number; readonly overflow: 'drop-newest' | 'drop-oldest' };
}

/** The way to one exporter. */
export interface Outlet {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** No position is committed before this has what stands before it: stored, or in a buffer that outlives the process. */
  readonly awaited: boolean;
  readonly cuts: boolean;
  readonly exporter: Exporter;
  /** Index of this exporter's lane in every plan; negative where it gets nothing but dead letters. */
  readonly lane: number;
  /** Of what was written and is not acknowledged. */
  readonly pendingBytes: number;
  /** Records, since the start. */
  readonly acknowledged: number;
  readonly ackTimes: AckTimes;
  /** Undefined where it is required. */
  readonly buffer: BufferStatus | undefined;
  /** A stream begins, or begins again, at this committed position. */
  open(stream: Stream, incarnation: number, position: Position | undefined, fields?: readonly FieldColumn[]): void;
  /** The stream does not send again what it has sent up to this sequence. */
  committed(stream: string, sequence: number): void;
  write(batch: Batch): void;
  /** The exporter has stored everything that it was given of the stream, up to and including this sequence. */
  acked(stream: string, sequence: number): void;
  /** What the exporter still owes of the stream is told to its run. */
  owes(stream: string): boolean;
  health(): Health;
  /** Before the end: delivers what is not safe otherwise. */
  drain(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A share of an optional exporter's buffer that the exporter itself may hold; the rest waits here, where it can be dropped. */
const FORWARDED = 0.5;

/**
 * The way to an exporter whose batches are in memory. A required one takes every batch, bounded by the credits that its
 * acknowledgements give back. An optional one has a buffer of its own: what does not fit is dropped by its policy, counted,
 * and holds up nothing.
 */
export class MemoryOutlet implements Outlet {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly cuts: boolean;
  readonly exporter: Exporter;
  readonly lane: number;
  readonly ackTimes = new AckTimes();
  readonly #options: OutletOptions;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  #waiting: Batch[] = [];
  #waitingBytes = 0;
  /** Forwarded and not acknowledged, by stream, in order. */
  readonly #forwarded = new Map<string, Batch[]>();
  #forwardedBytes = 0;
  /** Up to where a stream is committed, and so not sent again when it begins anew. */
  readonly #committed = new Map<string, number>();
  #acknowledged = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  readonly #onDropped: (batch: Batch) => void;

  /** @param lane negative where it gets nothing but dead letters */
  constructor(
    exporter: Exporter,
    lane: number,
    options: OutletOptions,
    metrics: Metrics,
    logger: Logger,
    onDropped: (batch: Batch) => void = () => undefined,
  ) {
    this.#onDropped = onDropped;
    this.exporter = exporter;
    this.name = options.name;
    this.type = options.type;
    this.required = options.required;
    // An optional exporter is not waited for, so nothing can be aligned with its files.
    this.cuts = exporter.capabilities.cuts;
    this.lane = lane;
    this.#options = options;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  get pendingBytes(): number {
    return this.#waitingBytes + this.#forwardedBytes;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get awaited(): boolean {
    return this.required;
  }

  get buffer(): BufferStatus | undefined {
    if (this.required) return undefined;
    const records = this.#waiting.reduce((sum, b) => sum + b.records, 0);
    return { type: 'memory', bytes: this.#waitingBytes, records, limit: this.#options.buffer.bytes };
  }

  owes(stream: string): boolean {
    return (this.#forwarded.get(stream)?.length ?? 0) > 0 || this.#waiting.some((b) => b.stream.id === stream);
  }

  health(): Health {
    return this.exporter.health();
  }

  drain(signal: AbortSignal): Promise<void> {
    return this.exporter.drain(signal);
  }

  close(): Promise<void> {
    return this.exporter.close();
  }

  open(stream: Stream, incarnation: number, position: Position | undefined, fields: readonly FieldColumn[] = []): void {
    this.#countLost(stream.id);
    this.#waiting = this.#waiting.filter((b) => b.stream.id !== stream.id);
    this.#waitingBytes = sum(this.#waiting);
    this.#forwardedBytes -= sum(this.#forwarded.get(stream.id) ?? []);
    this.#forwarded.delete(stream.id);
    this.exporter.open(stream, incarnation, position, fields);
  }

  committed(stream: string, sequence: number): void {
    if (!this.required) this.#committed.set(stream, sequence);
  }

  write(batch: Batch): void {
    const bytes = batch.lane.byteLength;
    if (!this.required && this.pendingBytes + bytes > this.#options.buffer.bytes && !this.#makeRoom(bytes)) {
      this.#drop(batch);
      return;
    }
    if (!this.required && (this.#waiting.length > 0 || this.#forwardedBytes > this.#options.buffer.bytes * FORWARDED)) {
      this.#waiting.push(batch);
      this.#waitingBytes += bytes;
      return;
    }
    this.#forward(batch);
  }

  acked(stream: string, sequence: number): void {
    const batches = this.#forwarded.get(stream);
    while (batches !== undefined && batches.length > 0 && batches[0]!.sequence <= sequence) {
      const batch = batches.shift()!;
      const { bytes, at } = forwardings.get(batch) as Forwarding;
      this.#forwardedBytes -= bytes;
      const seconds = (performance.now() - at) / 1000;
      this.#metrics.ackSeconds.observe({ exporter: this.name }, seconds);
      this.ackTimes.observe(seconds);
      this.#acknowledged += batch.records;
    }
    while (this.#waiting.length > 0 && this.#forwardedBytes <= this.#options.buffer.bytes * FORWARDED) {
      const batch = this.#waiting.shift()!;
      this.#waitingBytes -= batch.lane.byteLength;
      this.#forward(batch);
    }
  }

  /** A stream begins anew at its commit, for which an optional exporter was not waited. */
  #countLost(stream: string): void {
    const committed = this.#committed.get(stream) ?? 0;
    this.#committed.delete(stream);
    const pending = [...(this.#forwarded.get(stream) ?? []), ...this.#waiting.filter((b) => b.stream.id === stream)];
    const lost = pending.filter((b) => b.sequence <= committed).reduce((count, b) => count + b.records, 0);
    if (lost === 0) return;
    this.#metrics.dropped.inc({ exporter: this.name, reason: 'restart' }, lost);
    this.#logger.warn(
      { exporter: this.name, stream, records: lost },
      'a stream begins again, and an optional exporter loses what it had not stored; counted in watershard_records_dropped_total',
    );
  }

  #forward(batch: Batch): void {
    // The exporter owns the buffer from here and may transfer it, when its length becomes 0.
    forwardings.set(batch, { bytes: batch.lane.byteLength, at: performance.now() });
    this.#forwardedBytes += batch.lane.byteLength;
    const batches = this.#forwarded.get(batch.stream.id);
    if (batches === undefined) this.#forwarded.set(batch.stream.id, [batch]);
    else batches.push(batch);
    this.exporter.write(batch);
  }

  #makeRoom(bytes: number): boolean {
    if (this.#options.buffer.overflow !== 'drop-oldest') return false;
    while (this.#waiting.length > 0 && this.pendingBytes + bytes > this.#options.buffer.bytes) {
      const oldest = this.#waiting.shift()!;
      this.#waitingBytes -= oldest.lane.byteLength;
      this.#drop(oldest);
    }
    return this.pendingBytes + bytes <= this.#options.buffer.bytes;
  }

  #drop(batch: Batch): void {
    this.#metrics.dropped.inc({ exporter: this.name, reason: 'overflow' }, batch.records);
    this.#onDropped(batch);
    if (performance.now() - this.#warnedAt < 10_000) return;
    this.#warnedAt = performance.now();
    const { overflow, bytes } = this.#options.buffer;
    this.#logger.warn(
      { exporter: this.name, overflow, bytes },
      'the buffer of an optional exporter is full; records are dropped and counted in watershard_records_dropped_total',
    );
  }
}

interface Forwarding {
  /** Of the lane, before the exporter took it. */
  readonly bytes: number;
  /** Monotonic time, milliseconds. */
  readonly at: number;
}

const forwardings = new WeakMap<Batch, Forwarding>();

function sum(batches: readonly Batch[]): number {
  return batches.reduce((total, b) => total + (forwardings.get(b)?.bytes ?? b.lane.byteLength), 0);
}
