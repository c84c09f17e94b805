import type { WatershardError } from '../model/errors.ts';
import type { State } from './machine-types.ts';
import type { ShardedBy } from './shard-support.ts';

/** How the list/watch machine of a stream is doing. */
export interface StreamState {
  readonly state: State;
  /** Unix time, milliseconds. */
  readonly since: number;
  readonly lastError?: {
    readonly code: WatershardError['code'];
    readonly message: string;
    readonly remedy: string;
    readonly at: number;
  };
  /** Up to where everything was handed over; '' until a list is complete. */
  readonly resourceVersion: string;
  /** Unix time, milliseconds, of the last frame, page or bookmark; 0 before the first. */
  readonly lastEventAt: number;
  /** The list is complete and the watch is open, or is being opened again for the first few times. */
  readonly synced: boolean;
  /** Of a stream with a shard, once a list has told. */
  readonly shardedBy?: ShardedBy;
}

export function shownError(error: WatershardError | undefined, at: number): Pick<StreamState, 'lastError'> {
  if (error === undefined) return {};
  return { lastError: { code: error.code, message: error.message, remedy: error.remedy, at } };
}
