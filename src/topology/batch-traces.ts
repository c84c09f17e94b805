import type { BatchTracer } from '../telemetry/batch-trace.ts';
import { unixMicros } from '../watch/clock.ts';

/** Followed at once for each stream: where an exporter writes files, an acknowledgement takes minutes. */
const LIMIT = 256;

interface Following {
  readonly sequence: number;
  readonly records: number;
  readonly bytes: number;
  readonly readAt: number;
  readonly transformedAt: number;
  readonly awaited: Set<string>;
  readonly exporters: { name: string; storedAt: number }[];
}

/** Follows a sample of the batches of one incarnation of a stream, from the read to the last acknowledgement. */
export class BatchTraces {
  readonly #stream: string;
  readonly #tracer: BatchTracer;
  /** In order. */
  #following: Following[] = [];

  constructor(stream: string, tracer: BatchTracer) {
    this.#stream = stream;
    this.#tracer = tracer;
  }

  /** A batch that is about to be given to the exporters. */
  begin(batch: {
    readonly sequence: number;
    readonly bytes: number;
    readonly observedAt: number;
    readonly recipients: readonly string[];
    readonly records: number;
  }): void {
    if (batch.recipients.length === 0 || this.#following.length >= LIMIT || !this.#tracer.sample()) return;
    const { sequence, records, bytes, observedAt: readAt, recipients } = batch;
    const transformedAt = unixMicros();
    this.#following.push({
      sequence,
      records,
      bytes,
      readAt,
      transformedAt,
      awaited: new Set(recipients),
      exporters: [],
    });
  }

  /** The exporter has stored every batch up to this one. */
  stored(exporter: string, sequence: number): void {
    if (this.#following.length === 0) return;
    const storedAt = unixMicros();
    for (const batch of this.#following) {
      if (batch.sequence > sequence) break;
      if (batch.awaited.delete(exporter)) batch.exporters.push({ name: exporter, storedAt });
      if (batch.awaited.size === 0) this.#tracer.done({ ...batch, stream: this.#stream });
    }
    this.#following = this.#following.filter((batch) => batch.awaited.size > 0);
  }
}
