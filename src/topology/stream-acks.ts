import { AckTracker, type TrackedBatch } from '../checkpoint/ack-tracker.ts';
import type { BatchTraces } from './batch-traces.ts';
import type { Outlet } from './outlet.ts';

/** What became of the batches of one incarnation of a stream: up to where they are stored, and whose credit is given back. */
export class StreamAcks {
  /** What is stored durably, for commits. */
  readonly durable: AckTracker;
  /** What the exporters have taken over into memory budgets of their own, or stored: its credit is given back. */
  readonly #taken: AckTracker;
  readonly #giveBack: (bytes: number) => void;
  readonly #traces: BatchTraces | undefined;

  /** @param resourceVersion of the position that the incarnation starts from; '' without one */
  constructor(
    outlets: readonly Outlet[],
    resourceVersion: string,
    giveBack: (bytes: number) => void,
    traces?: BatchTraces,
  ) {
    this.#traces = traces;
    const awaited = outlets.filter((o) => o.awaited);
    this.durable = new AckTracker(awaited, resourceVersion);
    this.#taken = new AckTracker(
      awaited.map(({ name }) => ({ name, cuts: false })),
      resourceVersion,
    );
    this.#giveBack = giveBack;
  }

  /** What is held keeps its credit too, and all that is read behind it: else what waits for the commit had no bound. */
  register(batch: TrackedBatch & { readonly records: number }): void {
    this.#traces?.begin(batch);
    this.durable.register(batch);
    this.#taken.register({ ...batch, resourceVersion: '', deltas: [] });
  }

  /** To be called when the outlets were given a batch: one that nobody waits for gives its credit back at once. */
  settle(): void {
    const taken = this.#taken.committable();
    if (taken === undefined) return;
    this.#taken.committed(taken.sequence);
    this.#giveBack(taken.bytes);
  }

  /** Nothing holds this batch any more. */
  released(sequence: number): void {
    this.durable.released(sequence);
    this.#taken.released(sequence);
    this.settle();
  }

  /** The exporter has these batches in its own memory budget. */
  absorbed(exporter: string, sequence: number): void {
    this.#taken.acked(exporter, sequence);
    this.settle();
  }

  stored(exporter: string, sequence: number): void {
    this.durable.acked(exporter, sequence);
    this.#traces?.stored(exporter, sequence);
    this.absorbed(exporter, sequence);
  }
}
