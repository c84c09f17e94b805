import type { Stream } from '../model/resource.ts';
import type { Credits } from '../shard/credits.ts';
import type { StateSession } from '../state/state.ts';
import type { BatchTracer } from '../telemetry/batch-trace.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Failure } from '../transform/work.ts';
import type { Outlet } from './outlet.ts';
import type { ShardSet } from './shard-set.ts';
import type { StreamRun } from './stream-run.ts';

/** Deletes may have been missed before this. */
export interface Gap {
  readonly reason: string;
  /** Unix time, microseconds. */
  readonly observedAt: number;
}

/** What a run on the same stream before has come to. */
export interface FormerRun {
  readonly incarnation: number;
  readonly records: number;
  readonly bytes: number;
  readonly gap: Gap | undefined;
}

export interface StreamRunContext {
  readonly shards: ShardSet;
  readonly outlets: readonly Outlet[];
  readonly credits: Credits;
  /** The state as it is now: a lost one is replaced. */
  readonly session: () => StateSession;
  /** The first streams of this process begin, which may have been followed before. */
  readonly isStarting: () => boolean;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tracer?: BatchTracer | undefined;
  readonly table: 'changes' | 'inventory';
  /** The moment that a snapshot shows, for all its streams; Unix time, microseconds. */
  readonly asOf?: number;
  /** Something may have become committable. */
  readonly onProgress: (run: StreamRun) => void;
  /** A defect: the stream cannot go on as it is and must be begun again. */
  readonly onFailure: (run: StreamRun, error: unknown) => void;
  /**
   * Frames or objects of one batch were set aside; they are counted and logged.
   * @returns fulfilled when someone was told of them, durably; undefined where that is not configured. Never rejected
   */
  readonly onQuarantined: (stream: Stream, failures: readonly Failure[]) => Promise<void> | undefined;
  /** The run before this one on the same stream, ended: what is on its way for that one is void, its counts go on. */
  readonly former: FormerRun | undefined;
}
