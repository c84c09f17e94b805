import type { Encoding } from '../model/encoding.ts';
import type { WatershardError } from '../model/errors.ts';
import type { FieldColumn } from '../model/field-type.ts';
import type { Position } from '../model/position.ts';
import type { Stream } from '../model/resource.ts';
import type { StatusError } from '../model/status.ts';
import type { Thread } from '../model/thread.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What an exporter can do; the registry, the documentation and the topology go by this, never by its type. */
export interface Capabilities {
  /** `acked` means that the sink has stored the records durably. */
  readonly acknowledges: boolean;
  /** What a repeated record does: suppressed by its id, replaced with the file it stands in, or stored twice. */
  readonly deduplicates: 'by-id' | 'by-file' | 'no';
  /** Records of one key arrive in order, also across retries. */
  readonly ordered: boolean;
  /**
   * The exporter acknowledges whole files. It acknowledges only at a `cut` that it was told, and positions are committed
   * only at cuts, so that a file always begins at a committed position and a replay writes the same file again.
   */
  readonly cuts: boolean;
  readonly encodings: readonly Encoding[];
  /** Where consumers find the id of a record, in words. */
  readonly idIn: string;
  /** The largest message, in words. */
  readonly limit: string;
}

/** Records of one stream for one exporter. */
export interface Batch {
  readonly stream: Stream;
  /** A stream that is started again (worker crash, state loss) gets the next incarnation; acks of older ones are void. */
  readonly incarnation: number;
  /** Counts the batches of this incarnation of the stream from 1, without holes. */
  readonly sequence: number;
  readonly table: 'changes' | 'inventory';
  /** A packed lane (model/lane.ts), in the encoding that was configured. The exporter owns the buffer. */
  readonly lane: ArrayBuffer;
  readonly records: number;
}

/** How an exporter answers. All calls are cheap and may come at any time after `start` was called. */
export interface ExporterEvents {
  /**
   * Every batch of this incarnation of the stream up to and including `sequence` is stored durably (or was set aside by
   * a named policy, counted and logged).
   */
  acked(stream: string, incarnation: number, sequence: number): void;
  /**
   * For exporters with `cuts`: the batches up to and including `sequence` are encoded and count against the exporter's own
   * memory budget from now on, so their credit is given back to the watch. While the budget is exhausted (the store is
   * down), the exporter takes no more batches from its queue, and so does not call this.
   */
  absorbed(stream: string, incarnation: number, sequence: number): void;
  /** For exporters with `cuts`: a file of this stream should be closed (rows, bytes, interval or memory). */
  cutWanted(stream: string): void;
  /** Batches that were not acknowledged are lost (its thread crashed): replay the stream from its last commit. */
  lost(stream: string, reason: string): void;
  /**
   * A record that this sink cannot take; goes to the dead-letter exporter if there is one. Its batch is acknowledged only
   * when the promise is fulfilled, as then the dead letter is stored; undefined where there is nothing to wait for.
   * The promise is never rejected. The payload is copied before this returns.
   */
  rejected(record: Rejected): Promise<void> | undefined;
}

export interface Rejected {
  readonly exporter: string;
  readonly key: string;
  readonly id: string;
  readonly error: WatershardError;
  readonly payload: Uint8Array;
}

export interface ExporterContext {
  /** The name from the configuration. */
  readonly name: string;
  readonly cluster: string;
  /** Of the state: a new one means that sequences began again at 0. */
  readonly epoch: string;
  /**
   * This instance is still the one that writes: to be called before anything is written over or removed. One that has stood
   * still for long may have been replaced, and must not write an older file over a newer one.
   * @throws WatershardError where it is not, or where that is not known
   */
  readonly confirm: () => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: ExporterEvents;
  /** Opens this exporter's own worker thread (workers/parquet.ts); for exporters that encode off the main thread. */
  readonly openThread: () => Thread;
}

export interface Health {
  readonly ok: boolean;
  /** Why not, with the remedy, in one line. */
  readonly detail?: string;
  /** The same in its parts, where it is an error. */
  readonly error?: StatusError;
}

/**
 * A sink. Its methods do not throw for what can be tried again: the exporter retries transient errors by itself with
 * jittered, bounded backoff for as long as it runs, shows them in `health`, and keeps the order. Memory is bounded by
 * the caller: the bytes of batches that were written and not acknowledged are credits that the watch has to wait for.
 */
export interface Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Connects and checks the target. Resolves when the sink is ready; retries what is transient.
   * @throws WatershardError of class `configuration` where no retry can help.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * A stream begins, or begins again, at this committed position; what was written for an older incarnation and not
   * acknowledged is void. An exporter with `cuts` sees to it that no file of an older attempt that began at this
   * position, or behind it, stays beside the ones it will write.
   * @param fields what the rules extract for this stream; an exporter with columns lays them out by it
   */
  open(stream: Stream, incarnation: number, position: Position | undefined, fields?: readonly FieldColumn[]): void;
  write(batch: Batch): void;
  /** With `cuts`: close and store the file of all batches up to and including this one, then acknowledge it. */
  cut(stream: string, sequence: number): void;
  /** With `cuts`: the position of the last cut is committed; the next file begins at it. */
  committed(stream: string, position: Position): void;
  /** Delivers what was written, until all is acknowledged or the signal is aborted. */
  drain(signal: AbortSignal): Promise<void>;
  /** Lets go of connections and threads at once. Idempotent. */
  close(): Promise<void>;
  health(): Health;
  /** For the status page: what is where, without content. */
  status(): Readonly<Record<string, number | string | boolean>>;
}
