import { codedMessage, WatershardError } from '../model/errors.ts';
import { scopeOf } from '../model/position.ts';
import { type Stream, streamOfScope } from '../model/resource.ts';
import type { StateIdentity, StateSession, StateStore } from '../state/state.ts';
import { readWitness, writeWitness } from '../state/witness.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { KeptState } from './kept-state.ts';
import { backoff, pause } from './pause.ts';

export interface OpenedState {
  readonly session: StateSession;
  /** Set where this machine remembers a state that is not there any more: deletes made meanwhile cannot be known. */
  readonly lost: boolean;
  /** Streams that it has positions of. */
  readonly former: readonly Stream[];
  /** Has this machine remember the state; to be called when all that has to be said of a loss is committed. */
  readonly remember: () => Promise<void>;
}

/**
 * Opens the state, for as long as it takes: a store that does not answer, or that another instance holds, is tried again.
 * Where a run before has left its session, that is gone on with.
 * @param onTrouble says why it is not open yet
 * @returns undefined where the signal was aborted before
 * @throws WatershardError of class `configuration`
 */
export async function openState(
  store: StateStore,
  kept: KeptState,
  identity: StateIdentity,
  dataDir: string,
  logger: Logger,
  signal: AbortSignal,
  onTrouble: (reason: string | undefined) => void,
): Promise<OpenedState | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const opened = await openOnce(store, kept, identity, dataDir, logger);
      onTrouble(undefined);
      return opened;
    } catch (e) {
      if (e instanceof WatershardError && e.class === 'configuration') throw e;
      onTrouble(codedMessage(e));
      if (attempt === 0) logger.warn({ err: codedMessage(e) }, 'the state cannot be opened yet; trying again');
      await pause(backoff(attempt), signal);
    }
  }
  return undefined;
}

async function openOnce(
  store: StateStore,
  kept: KeptState,
  identity: StateIdentity,
  dataDir: string,
  logger: Logger,
): Promise<OpenedState> {
  const session = kept.take(identity) ?? (await store.open(identity));
  try {
    const positions = await session.positions();
    const former = [...positions].flatMap(([id, position]) => streamOfScope(id, scopeOf(position)) ?? []);
    if (store.kind === 'memory') return { session, lost: false, former, remember: async () => undefined };
    const witness = await readWitness(dataDir, identity.cluster, logger);
    const remember = (): Promise<void> => writeWitness(dataDir, identity.cluster, session.epoch);
    const lost = witness !== undefined && witness !== session.epoch;
    if (witness === undefined) await remember();
    return { session, lost, former, remember };
  } catch (e) {
    // Left open it would hold the state against the next attempt of this very process.
    await session.close(session.clean);
    throw e;
  }
}
