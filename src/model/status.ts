import type { ErrorCode } from './errors.ts';
import type { WatchShard } from './watch-shard.ts';

/** What is running and how it is doing, at one moment: `/status`, the live page. Names no object and holds no content. */
export interface StatusReport {
  /** Of Watershard. */
  readonly version: string;
  readonly cluster: {
    readonly name: string;
    /** uid of the kube-system namespace; '' until it is known. */
    readonly uid: string;
    readonly server: string;
  };
  /** Unix time, milliseconds; so are all times in a report. */
  readonly startedAt: number;
  readonly ready: boolean;
  /** Why it is not ready, one sentence each; empty when it is. */
  readonly reasons: readonly string[];
  readonly state: {
    readonly kind: string;
    readonly epoch: string;
    /** Why nothing can be committed at the moment. */
    readonly trouble?: string;
    /** Of any stream. */
    readonly lastCommitAt?: number;
  };
  /** The share of the objects that this instance watches; absent where it is all. */
  readonly watchShard?: WatchShard;
  /** Bytes between the socket and the acknowledgement. */
  readonly credits: { readonly inFlight: number; readonly limit: number };
  readonly streams: readonly StreamStatus[];
  readonly shards: readonly ShardStatus[];
  readonly exporters: readonly ExporterStatus[];
  /** Since the start: records made, and bytes read from the API server. */
  readonly totals: { readonly records: number; readonly bytes: number };
  /** Of the configuration file; absent where it is not read again. */
  readonly config?: ConfigStatus;
  /** Of streams and exporters, those that last first, then the newest. */
  readonly errors: readonly ErrorEpisode[];
  readonly history: StatusHistory;
}

/** Which configuration runs, and what became of the last change of its file. */
export interface ConfigStatus {
  /** First 12 digits of the SHA-256 of the file that runs. */
  readonly hash: string;
  /** When it was taken up. */
  readonly since: number;
  /** What ran before is being drained, or what comes next is starting. */
  readonly reloading: boolean;
  readonly lastReload?: ReloadStatus;
}

/**
 * `applied`; `unchanged` where it means the same as before; or the former configuration goes on, since the new one is
 * `invalid`, needs a restart (`refused`), or did not start (`failed`).
 */
export type ReloadResult = 'applied' | 'unchanged' | 'invalid' | 'refused' | 'failed';

export interface ReloadStatus {
  readonly result: ReloadResult;
  readonly at: number;
  /** First 12 digits of the SHA-256 of what was to be applied; absent where it could not be read. */
  readonly hash?: string;
  /** Where the former one goes on. */
  readonly error?: StatusError;
}

/** The last two minutes, a value a second, the newest last; all lists are of one length. */
export interface StatusHistory {
  /** A second; so are the bytes that were read. */
  readonly records: readonly number[];
  readonly bytes: readonly number[];
  /** Of the stream that is furthest behind. */
  readonly lagSeconds: readonly number[];
  readonly inFlight: readonly number[];
}

export interface StreamStatus {
  readonly id: string;
  /** `deployments.apps`. */
  readonly resource: string;
  /** Of the list/watch machine: `listing`, `watching`, `forbidden`, … */
  readonly state: string;
  /** When it came into this state. */
  readonly since: number;
  /** Index of the shard that its events go to. */
  readonly shard: number;
  /** The list is complete and the watch is open. */
  readonly synced: boolean;
  /** Committed; '' while there is none. */
  readonly resourceVersion: string;
  readonly knownObjects: number;
  /** Records made since the start. */
  readonly records: number;
  /** Age of the oldest of what was read and is not acknowledged by every required exporter; 0 where nothing waits. */
  readonly lagSeconds: number;
  /** With a shard: `server` where the API server says that it sends its objects only, `client` where others are left out here. */
  readonly shardedBy?: 'server' | 'client';
  readonly lastError?: StatusError;
}

export interface StatusError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly at: number;
}

/** An error from when it was first seen until it was over. */
export interface ErrorEpisode extends StatusError {
  /** `stream pods`, `exporter lake`. */
  readonly source: string;
  /** When it began; `at` is when it was last met. */
  readonly since: number;
  readonly over: boolean;
}

/** Seconds: the upper ends of the classes in which the times of acknowledgements are counted. */
export const ACK_BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60] as const;

export interface ShardStatus {
  readonly index: number;
  readonly queueBytes: number;
  /** Since the start; so are records and restarts. */
  readonly batches: number;
  readonly records: number;
  readonly restarts: number;
}

export interface ExporterStatus {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly ok: boolean;
  /** Why it is not, with the remedy. */
  readonly detail?: string;
  /** The same in its parts, where it is an error. */
  readonly lastError?: StatusError;
  /** Records acknowledged since the start. */
  readonly acknowledged: number;
  readonly pendingBytes: number;
  /** Batches acknowledged in the last minute by the time that it took: one count for each of ACK_BOUNDS, and one for longer. */
  readonly ackTimes: readonly number[];
  /** Of one that is not required. */
  readonly buffer?: BufferStatus;
  /** What the exporter says of itself: what is where, without content. */
  readonly status: Readonly<Record<string, number | string | boolean>>;
}

/** What waits for an exporter that is not required. */
export interface BufferStatus {
  readonly type: 'memory' | 'disk';
  readonly bytes: number;
  readonly records: number;
  /** Bytes that it may hold. */
  readonly limit: number;
  /** Of its files, with what of them is acknowledged. */
  readonly diskBytes?: number;
}

/** What the health endpoints answer. `live: false` asks the platform for a restart. */
export interface HealthReport {
  readonly live: boolean;
  readonly ready: boolean;
  /** Why it is not live or not ready, one sentence each. */
  readonly reasons: readonly string[];
}
