/** A batch that every required exporter has stored. Times are Unix time, microseconds. */
export interface BatchTrace {
  readonly stream: string;
  readonly records: number;
  /** Read from the API server. */
  readonly bytes: number;
  readonly readAt: number;
  /** The shards had answered, and it was given to the exporters. */
  readonly transformedAt: number;
  readonly exporters: readonly { readonly name: string; readonly storedAt: number }[];
}

export interface BatchTracer {
  /** Whether to follow the batch at hand. Called for each, so cheap. */
  sample(): boolean;
  done(trace: BatchTrace): void;
}
