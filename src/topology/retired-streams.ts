import { errorMessage } from '../model/errors.ts';
import type { Intake } from '../model/intake.ts';
import type { Logger } from '../telemetry/logger.ts';
import { forgetStream, type Metrics } from '../telemetry/metrics.ts';
import type { Committer } from './committer.ts';
import type { Outlet } from './outlet.ts';
import type { StreamRun } from './stream-run.ts';
import type { FormerRun } from './stream-run-context.ts';

/** What of a topology is concerned. */
export interface RetiringTopology {
  readonly runs: Map<string, StreamRun>;
  readonly outlets: readonly Outlet[];
  readonly committer: Pick<Committer, 'exclusive'>;
  readonly options: { readonly metrics: Metrics; readonly logger: Logger };
}

/**
 * Streams whose resource is not served any more. Once the deletes of their objects are stored and committed, their memory on
 * the shards and their metrics go. What stays is their position in the state, so that a resource that comes again continues, and
 * some numbers here.
 */
export class RetiredStreams {
  readonly #former = new Map<string, FormerRun>();
  readonly #leaving = new Set<StreamRun>();

  /** Of an item on its way to this run: whether it says that the resource has gone. @returns the run */
  look(run: StreamRun | undefined, { type }: Intake): StreamRun | undefined {
    if (type === 'removed' && run !== undefined) this.#leaving.add(run);
    return run;
  }

  /** It begins, or begins again: what it was told is void, and it is told again that its resource has gone if it has. */
  begins(run: StreamRun): void {
    this.#leaving.delete(run);
  }

  get(stream: string): FormerRun | undefined {
    return this.#former.get(stream);
  }

  /** Of streams that have no run at present: one that has goes on counting by itself. */
  others(runs: ReadonlyMap<string, StreamRun>): FormerRun[] {
    return [...this.#former].filter(([stream]) => !runs.has(stream)).map(([, former]) => former);
  }

  /** Lets those go that have nothing more to do. Cheap where there are none. */
  sweep(topology: RetiringTopology): void {
    for (const run of this.#leaving) {
      const { id } = run.stream;
      if (topology.runs.get(id) !== run) this.#leaving.delete(run);
      // One that is halted has forgotten what it was told, and begins again.
      else if (!run.halted && run.idle && !topology.outlets.some((outlet) => outlet.owes(id))) {
        this.#leaving.delete(run);
        void this.#retire(run, topology);
      }
    }
  }

  async #retire(run: StreamRun, { runs, committer, options }: RetiringTopology): Promise<void> {
    const { metrics, logger } = options;
    const { id } = run.stream;
    runs.delete(id);
    // Of the run that comes next, if one does, nothing is counted before this has ended.
    const ended = committer.exclusive(() => run.end());
    const { records, bytes, gap } = run;
    this.#former.set(id, { incarnation: run.incarnation + 1, records, bytes, gap });
    await forgetStream(metrics, id);
    await ended.catch((e: unknown) =>
      logger.debug({ stream: id, err: errorMessage(e) }, 'what a shard knew of a stream that has gone went before'),
    );
  }
}
