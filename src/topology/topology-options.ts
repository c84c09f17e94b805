import type { WatershardError } from '../model/errors.ts';
import type { Stream } from '../model/resource.ts';
import type { StateSession } from '../state/state.ts';
import type { ApiClient } from '../watch/api-client.ts';
import type { RunOptions } from './run.ts';
import type { OpenedState } from './state-opening.ts';
import type { StatusMemory } from './status-memory.ts';

export interface TopologyOptions extends RunOptions {
  readonly client: ApiClient;
  readonly clusterUid: string;
  readonly session: StateSession;
  /** Opens the state again, for as long as it takes; undefined where the signal was aborted. */
  readonly open: () => Promise<OpenedState | undefined>;
  readonly leave: (session: StateSession, clean: boolean, atRest: boolean) => Promise<void>; // see KeptState
  readonly stateKind: string;
  readonly memory: StatusMemory;
  /** Why deletes may have been missed before; every stream says so with a gap marker. */
  readonly gap: string | undefined;
  readonly former: readonly Stream[]; // that the state has positions of
  /** Called once the gap markers are committed. */
  readonly remember: () => Promise<void>;
}

export type TopologyEnd =
  | { readonly kind: 'done'; readonly undelivered: readonly string[] }
  | { readonly kind: 'lost' | 'failed'; readonly error: WatershardError };
