import { WatershardError } from '../model/errors.ts';
import type { StateIdentity, StateSession } from '../state/state.ts';

interface Kept {
  readonly session: StateSession;
  readonly identity: StateIdentity;
  readonly clean: boolean;
}

/**
 * Has the session of the state between one run of this process and the next. Its lease is not given up in between, so that an
 * instance that waits for it does not come in because the configuration of this one changes.
 */
export class KeptState {
  #kept: Kept | undefined;

  /**
   * The session that a run before has left, if one has.
   * @throws WatershardError STATE_OF_ANOTHER_CLUSTER; the session is kept then
   */
  take({ clusterUid }: Pick<StateIdentity, 'clusterUid'>): StateSession | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    if (kept.identity.clusterUid !== clusterUid) {
      const message = `going on with the state: it was written for the cluster with uid ${kept.identity.clusterUid}, this one has ${clusterUid}`;
      throw new WatershardError('STATE_OF_ANOTHER_CLUSTER', message);
    }
    this.#kept = undefined;
    return kept.session;
  }

  /**
   * Takes the session of a run that has ended; closes it where no other run can go on with it.
   * @param atRest nothing is under way on it
   */
  async leave(session: StateSession, identity: StateIdentity, clean: boolean, atRest: boolean): Promise<void> {
    if (atRest && session.handOver(clean)) this.#kept = { session, identity, clean };
    else await session.close(clean);
  }

  /** Gives the lease back, if there is one. */
  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.session.close(kept.clean);
  }
}
