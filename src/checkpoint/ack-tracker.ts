import { WatershardError } from '../model/errors.ts';

/** A required exporter of a stream. One with `cuts` acknowledges only at cuts that it was told. */
export interface TrackedExporter {
  readonly name: string;
  readonly cuts: boolean;
}

export interface TrackedBatch {
  /** One more than that of the batch before; 1 for the first. */
  readonly sequence: number;
  /** Position after it; '' where it has not moved. */
  readonly resourceVersion: string;
  /** Changes of the known-objects set (model/delta.ts); empty ones are left out of the commit. */
  readonly deltas: readonly ArrayBuffer[];
  /** Bytes that are given back when it is committed. */
  readonly bytes: number;
  /** Unix time, microseconds. */
  readonly observedAt: number;
  /** Names of the required exporters that were given records of it. For the others there is nothing to acknowledge. */
  readonly recipients: readonly string[];
  /** Something about it that no exporter acknowledges has to be stored first: it is not committed before `released`. */
  readonly held?: boolean;
}

/** What may be committed: everything that is not committed yet, up to and including batch `sequence`. */
export interface Committable {
  readonly sequence: number;
  /** The last that is not empty, up to `sequence`. */
  readonly resourceVersion: string;
  readonly deltas: readonly ArrayBuffer[];
  readonly bytes: number;
  /** Unix time, microseconds. */
  readonly oldestObservedAt: number;
}

/**
 * Up to where one incarnation of a stream has been stored by every required exporter. Pure; a stream that starts again
 * gets a new one.
 *
 * Invariants: what may be committed never passes an exporter's acknowledgement or a held batch, and never goes back; each
 * delta is handed out for commit in order, and no more once `committed` was called for it; where an exporter has cuts, only a
 * cut is ever committed, so that each of its files begins at a committed position.
 */
export class AckTracker {
  readonly #exporters = new Map<string, ExporterAcks>();
  readonly #hasCuts: boolean;
  /** Registered and not committed, in order. */
  #batches: TrackedBatch[] = [];
  /** Not released, ascending. */
  readonly #held = new Set<number>();
  /** Told and not committed, ascending. */
  #cuts: number[] = [];
  #registered = 0;
  #committed = 0;
  #lastCut = 0;
  #givenSinceCut = false;
  #bytes = 0;
  #resourceVersion: string;

  /** @param resourceVersion of the position that the stream starts from; '' without one */
  constructor(exporters: readonly TrackedExporter[], resourceVersion: string) {
    for (const e of exporters) this.#exporters.set(e.name, { cuts: e.cuts, awaited: [] });
    this.#hasCuts = exporters.some((e) => e.cuts);
    this.#resourceVersion = resourceVersion;
  }

  /** @throws WatershardError INTERNAL where the sequence has a hole or a recipient is not a required exporter */
  register(batch: TrackedBatch): void {
    if (batch.sequence !== this.#registered + 1) {
      throw new WatershardError(
        'INTERNAL',
        `ack tracker: batch ${batch.sequence} was registered after ${this.#registered}`,
      );
    }
    const recipients = batch.recipients.map((name) => {
      const exporter = this.#exporters.get(name);
      if (exporter === undefined)
        throw new WatershardError('INTERNAL', `ack tracker: ${name} is not a required exporter`);
      return exporter;
    });
    for (const exporter of recipients) {
      exporter.awaited.push(batch.sequence);
      if (exporter.cuts) this.#givenSinceCut = true;
    }
    if (batch.held === true) this.#held.add(batch.sequence);
    this.#registered = batch.sequence;
    this.#batches.push(batch);
    this.#bytes += batch.bytes;
  }

  /** Every batch up to `sequence` is stored by this exporter. Late, repeated and unknown acknowledgements do no harm. */
  acked(exporter: string, sequence: number): void {
    const awaited = this.#exporters.get(exporter)?.awaited;
    if (awaited === undefined) return;
    let count = 0;
    while (count < awaited.length && awaited[count]! <= sequence) count++;
    if (count > 0) awaited.splice(0, count);
  }

  /** What this one batch was held for is stored. The order does not matter; repeated and unknown ones do no harm. */
  released(sequence: number): void {
    this.#held.delete(sequence);
  }

  /** All exporters with cuts were told to cut after batch `sequence`. A cut that is not behind the last one is ignored. */
  cut(sequence: number): void {
    if (sequence > this.#registered) {
      throw new WatershardError(
        'INTERNAL',
        `ack tracker: cut at batch ${sequence}, and only ${this.#registered} are registered`,
      );
    }
    if (sequence <= this.#lastCut) return;
    this.#cuts.push(sequence);
    this.#lastCut = sequence;
    this.#givenSinceCut = false;
    for (const { cuts, awaited } of this.#exporters.values()) {
      if (cuts && (awaited.at(-1) ?? 0) > sequence) this.#givenSinceCut = true;
    }
  }

  /** What may be committed now; undefined where nothing has become durable since the last commit. */
  committable(): Committable | undefined {
    let limit = Math.min(this.#registered, this.#firstOpen - 1);
    if (this.#hasCuts) limit = this.#cuts.findLast((cut) => cut <= limit) ?? 0;
    if (limit <= this.#committed) return undefined;

    const batches = this.#batches.slice(0, limit - this.#committed);
    return {
      sequence: limit,
      resourceVersion: batches.findLast((b) => b.resourceVersion !== '')?.resourceVersion ?? this.#resourceVersion,
      deltas: batches.flatMap((b) => b.deltas.filter((d) => d.byteLength > 0)),
      bytes: batches.reduce((sum, b) => sum + b.bytes, 0),
      oldestObservedAt: batches.reduce((oldest, b) => Math.min(oldest, b.observedAt), Number.POSITIVE_INFINITY),
    };
  }

  /**
   * A commit of what `committable` answered has succeeded; lets go of the batches up to and including `sequence`.
   * @throws WatershardError INTERNAL where that was never durable
   */
  committed(sequence: number): void {
    if (sequence <= this.#committed) return;
    if (sequence > (this.committable()?.sequence ?? 0)) {
      throw new WatershardError(
        'INTERNAL',
        `ack tracker: batch ${sequence} was committed before every required exporter had stored it`,
      );
    }
    const done = this.#batches.splice(0, sequence - this.#committed);
    this.#resourceVersion = done.findLast((b) => b.resourceVersion !== '')?.resourceVersion ?? this.#resourceVersion;
    this.#bytes -= done.reduce((sum, b) => sum + b.bytes, 0);
    this.#cuts = this.#cuts.filter((cut) => cut > sequence);
    this.#committed = sequence;
  }

  /** Sequence of the last registered batch; 0 before the first. */
  get registered(): number {
    return this.#registered;
  }

  /** The last cut that was told and is not committed yet. */
  get pendingCut(): number | undefined {
    return this.#cuts.at(-1);
  }

  /**
   * There is something uncommitted behind the last cut, and no exporter with cuts was given any of it: a cut after the
   * last batch closes no file. This is how the position of an idle stream advances.
   */
  get cutIsFree(): boolean {
    return this.#hasCuts && !this.#givenSinceCut && this.#registered > this.#lastCut;
  }

  /** An exporter with cuts was given records since the last cut: there is a file to close. */
  get cutClosesFiles(): boolean {
    return this.#hasCuts && this.#givenSinceCut;
  }

  /** When the oldest batch was read that is held, or not acknowledged by a required exporter; Unix time, microseconds. */
  get oldestUnacked(): number | undefined {
    return this.#batches[this.#firstOpen - 1 - this.#committed]?.observedAt;
  }

  /** Bytes of the batches that are not committed. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Some batch is not committed. */
  get uncommitted(): boolean {
    return this.#batches.length > 0;
  }

  /** The first batch that is held, or not acknowledged by a required exporter; infinite without one. */
  get #firstOpen(): number {
    let first: number = this.#held.values().next().value ?? Number.POSITIVE_INFINITY;
    for (const { awaited } of this.#exporters.values()) first = Math.min(first, awaited[0] ?? Number.POSITIVE_INFINITY);
    return first;
  }
}

interface ExporterAcks {
  readonly cuts: boolean;
  /** Batches that it was given and has not acknowledged, ascending. */
  readonly awaited: number[];
}
