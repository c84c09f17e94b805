import type { WatershardError } from '../model/errors.ts';
import type { StateSession } from '../state/state.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Committer } from './committer.ts';
import { pause } from './pause.ts';
import type { OpenedState } from './state-opening.ts';
import type { StreamRun } from './stream-run.ts';

const STATE_LOST = 'the state was lost and is written anew from memory';

export interface RewriteContext {
  readonly runs: readonly StreamRun[];
  readonly committer: Committer;
  readonly lost: StateSession;
  /** Opens the state again; undefined where the signal was aborted. */
  readonly open: () => Promise<OpenedState | undefined>;
  /** From here on this is the state of the streams. */
  readonly use: (session: StateSession) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * The state is lost while its content is still in memory: delivers what is on its way, then writes all that is known to
 * a new state. Nothing has to be listed again, and no version of an object is missed.
 * @returns the new state; undefined where the signal was aborted
 * @throws where it cannot be written: what is on its way is void
 */
export async function rewriteState(error: WatershardError, context: RewriteContext): Promise<OpenedState | undefined> {
  const { runs, committer, logger, signal } = context;
  logger.error({ err: error.message }, 'the state is lost');
  for (const run of runs) run.hold();
  await context.lost.close();
  const opened = await context.open();
  if (opened === undefined) return undefined;
  const { session } = opened;
  if (!session.fresh) {
    context.use(session);
    // A replica that lagged behind, which was promoted.
    logger.warn(
      'an older state has come back: everything since is delivered again, with the same ids and no gap markers',
    );
    throw error;
  }
  logger.warn('the state has come back empty: it is written anew from memory, and gap markers are sent');
  await committer.use({ commit: async () => undefined });
  while (runs.some((run) => !run.idle)) {
    if (signal.aborted) {
      await session.close();
      return undefined;
    }
    for (const run of runs) {
      if (run.quiet) run.cut();
      committer.poke(run);
    }
    await pause(50, signal);
  }
  await committer.stop();
  // Not before: files that are stored until here belong to the old epoch, and to positions that count on from there.
  context.use(session);
  const gap = { reason: STATE_LOST, observedAt: Date.now() * 1000 };
  for (const run of runs) await run.rewrite(session, gap);
  await committer.use(session);
  for (const run of runs) run.release();
  logger.info({ streams: runs.length, epoch: session.epoch }, 'the state is written anew');
  return opened;
}
