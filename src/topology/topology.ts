import type { Config } from '../config/schema.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Stream } from '../model/resource.ts';
import type { HealthReport, StatusReport } from '../model/status.ts';
import { Credits } from '../shard/credits.ts';
import type { StateSession } from '../state/state.ts';
import { planStream, streamSplit } from '../transform/rules.ts';
import type { ApiClient } from '../watch/api-client.ts';
import { type StreamStart, Watcher } from '../watch/watcher.ts';
import { Committer } from './committer.ts';
import type { Outlet } from './outlet.ts';
import { createOutlets, lanePlans } from './outlets.ts';
import { backoff, pause } from './pause.ts';
import type { RunOptions } from './run.ts';
import { ShardSet } from './shard-set.ts';
import type { OpenedState } from './state-opening.ts';
import { healthOf, observe, statusOf } from './status.ts';
import { StreamRun } from './stream-run.ts';

export interface TopologyOptions extends RunOptions {
  readonly client: ApiClient;
  readonly clusterUid: string;
  readonly session: StateSession;
  /** Opens the state again, for as long as it takes; undefined where the signal was aborted. */
  readonly open: () => Promise<OpenedState | undefined>;
  readonly stateKind: string;
  readonly startedAt: number;
  /** Why deletes may have been missed before; every stream says so with a gap marker. */
  readonly gap: string | undefined;
  /** Called once the gap markers are committed. */
  readonly remember: () => Promise<void>;
}

export type TopologyEnd =
  | { readonly kind: 'done'; readonly undelivered: readonly string[] }
  | { readonly kind: 'lost' | 'failed'; readonly error: WatershardError };

const STATE_LOST = 'the state was lost and is written anew from memory';

/** One life of the pipeline on one state: builds it, runs it, drains it. */
export class Topology {
  readonly config: Config;
  readonly options: TopologyOptions;
  readonly runs = new Map<string, StreamRun>();
  readonly credits: Credits;
  readonly committer: Committer;
  readonly shards: ShardSet;
  readonly watcher: Watcher;
  outlets: readonly Outlet[] = [];
  /** The exporters are ready and the watches may begin. */
  connected = false;
  /** The first discovery has answered, and every stream has begun. */
  discovered = false;
  draining = false;
  readonly #stop = new AbortController();
  readonly #restarting = new Map<string, Promise<void>>();
  session: StateSession;
  #remember: (() => Promise<void>) | undefined;
  /** Set while a lost state is written anew. */
  #rewriting: Promise<void> | undefined;
  #end: TopologyEnd | undefined;

  constructor(config: Config, options: TopologyOptions) {
    const { metrics, logger } = options;
    this.config = config;
    this.options = options;
    this.credits = new Credits(config.flow.bytesInFlight, config.flow.bytesPerStream);
    metrics.creditLimit.set(this.credits.limit);
    this.session = options.session;
    if (options.gap !== undefined) this.#remember = options.remember;
    this.committer = new Committer(options.session, logger, (error) => {
      if (error.code !== 'STATE_LOST') this.#finish({ kind: 'failed', error });
      else if (this.#rewriting !== undefined) this.#finish({ kind: 'lost', error });
      else
        this.#rewriting = this.#rewrite(error).finally(() => {
          this.#rewriting = undefined;
        });
    });
    this.shards = new ShardSet(config.workers, metrics, logger, (shard, error) => {
      for (const run of this.runs.values()) if (run.shards.includes(shard)) this.#restart(run.stream, error.message);
    });
    this.watcher = new Watcher({
      api: options.client,
      config: config.watch,
      metrics,
      logger,
      sink: (stream, item) => this.runs.get(stream.id)?.intake(item),
      onStream: (stream) => this.#begin(stream),
    });
  }

  get rewriting(): boolean {
    return this.#rewriting !== undefined;
  }

  get records(): number {
    return [...this.runs.values()].reduce((sum, run) => sum + run.records, 0);
  }

  status(): StatusReport {
    return statusOf(this);
  }

  health(): HealthReport {
    return healthOf(this);
  }

  /** Runs until the signal of the options is aborted, the snapshot is complete, or the state is lost. */
  async run(): Promise<TopologyEnd> {
    const { signal, logger, mode } = this.options;
    const stop = (): void => this.#stop.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const observing = setInterval(() => {
      observe(this);
      void this.#rememberState();
    }, 1000);
    observing.unref();
    try {
      await this.#connect();
      this.connected = true;
      if (!this.#stop.signal.aborted) {
        this.committer.start();
        await this.watcher.start(this.#stop.signal);
        this.discovered = true;
        logger.info(
          { exporters: this.outlets.map((o) => o.name), shards: this.shards.count, state: this.options.stateKind },
          'started',
        );
        if (mode === 'snapshot') await this.#untilListed();
        else await aborted(this.#stop.signal);
      }
      if (this.#end !== undefined) return this.#end;
      const undelivered = await this.#drain();
      return this.#end ?? { kind: 'done', undelivered };
    } catch (e) {
      if (this.#end !== undefined) return this.#end;
      if (this.#stop.signal.aborted) return { kind: 'done', undelivered: [] };
      if (e instanceof WatershardError && e.class === 'configuration') return { kind: 'failed', error: e };
      throw e;
    } finally {
      clearInterval(observing);
      signal.removeEventListener('abort', stop);
      await this.#close();
    }
  }

  /** A state that came instead of a lost one is remembered when every stream has said so. */
  async #rememberState(): Promise<void> {
    const remember = this.#remember;
    if (remember === undefined || !this.discovered || this.rewriting) return;
    if ([...this.runs.values()].some((run) => run.gapPending || run.position === undefined)) return;
    this.#remember = undefined;
    await remember().catch((e: unknown) =>
      this.options.logger.warn({ err: errorMessage(e) }, 'the epoch of the state cannot be remembered'),
    );
  }

  /** Begins a stream at its committed position, again where it has run before. */
  async #begin(stream: Stream): Promise<StreamStart> {
    await this.#rewriting;
    const known = this.runs.get(stream.id);
    const run = known !== undefined && known.stream === stream ? known : this.#createRun(stream);
    this.runs.set(stream.id, run);
    const gap =
      this.options.gap === undefined || run.begun
        ? undefined
        : { reason: this.options.gap, observedAt: Date.now() * 1000 };
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.committer.exclusive(() => run.begin(gap));
      } catch (e) {
        this.options.logger.warn({ stream: stream.id, err: errorMessage(e) }, 'a stream could not begin; trying again');
        if (this.#stop.signal.aborted) throw e;
        await pause(backoff(attempt), this.#stop.signal);
      }
    }
  }

  #createRun(stream: Stream): StreamRun {
    const { cluster, rules } = this.config;
    const { clusterUid, metrics, logger, mode } = this.options;
    const plan = planStream({ stream, cluster: cluster.name, clusterUid, rules, lanes: lanePlans(this.config) });
    const parts = Math.min(streamSplit(stream.resource, rules), this.shards.count);
    const plans =
      parts === 1 ? [plan] : Array.from({ length: parts }, (_, index) => ({ ...plan, split: { index, of: parts } }));
    return new StreamRun(stream, plans, this.shards.assign(stream.resource, parts), {
      shards: this.shards,
      outlets: this.outlets,
      credits: this.credits,
      session: () => this.session,
      metrics,
      logger,
      table: mode === 'snapshot' ? 'inventory' : 'changes',
      onProgress: (run) => this.committer.poke(run),
      onFailure: (run, error) => {
        logger.error({ stream: stream.id, err: error }, 'a defect: a stream goes on from its last commit');
        this.#restart(run.stream, errorMessage(error));
      },
    });
  }

  /** What was in flight is void; the stream goes on from its last commit. */
  #restart(stream: Stream, reason: string): void {
    if (this.#restarting.has(stream.id) || this.#stop.signal.aborted) return;
    if (this.#rewriting !== undefined) {
      // What this stream has on its way is in memory only, and that memory has gone.
      this.#finish({
        kind: 'lost',
        error: new WatershardError('STATE_LOST', `${reason}, while a lost state was written anew`),
      });
      return;
    }
    this.options.logger.warn({ stream: stream.id, reason }, 'a stream begins again at its last commit');
    const done = this.watcher
      .restart(stream.id)
      .catch((e: unknown) =>
        this.options.logger.error({ stream: stream.id, err: errorMessage(e) }, 'a stream could not begin again'),
      )
      .finally(() => this.#restarting.delete(stream.id));
    this.#restarting.set(stream.id, done);
  }

  /**
   * The state is lost while its content is still in memory: delivers what is on its way, then writes all that is known to
   * a new state. Nothing has to be listed again, and no version of an object is missed.
   */
  async #rewrite(error: WatershardError): Promise<void> {
    const { logger } = this.options;
    logger.error({ err: error.message }, 'the state is lost; it is written anew from memory, and gap markers are sent');
    try {
      const runs = [...this.runs.values()];
      for (const run of runs) run.hold();
      await this.session.close();
      const opened = await this.options.open();
      if (opened === undefined) return;
      if (!opened.session.fresh) {
        this.session = opened.session;
        // A replica that lagged behind: it knows an older moment, and everything since is delivered again from there.
        this.#finish({ kind: 'lost', error });
        return;
      }
      await this.committer.use({ commit: async () => undefined });
      while (runs.some((run) => !run.idle)) {
        if (this.#stop.signal.aborted) {
          await opened.session.close();
          return;
        }
        for (const run of runs) {
          if (run.quiet) run.cut();
          this.committer.poke(run);
        }
        await pause(50, this.#stop.signal);
      }
      await this.committer.stop();
      // Not before: files that are stored until here belong to the old epoch, and to positions that count on from there.
      this.session = opened.session;
      const gap = { reason: STATE_LOST, observedAt: Date.now() * 1000 };
      for (const run of runs) await run.rewrite(this.session, gap);
      await this.committer.use(this.session);
      this.#remember = opened.remember;
      for (const run of runs) run.release();
      logger.info({ streams: runs.length, epoch: this.session.epoch }, 'the state is written anew');
    } catch (e) {
      this.#finish({ kind: 'lost', error: asError(e) });
    }
  }

  async #connect(): Promise<void> {
    const { metrics, logger } = this.options;
    const topology = this;
    this.outlets = await createOutlets(this.config, {
      get epoch() {
        return topology.session.epoch;
      },
      metrics,
      logger,
      runOf: (stream) => this.runs.get(stream),
      onLost: (stream, reason) => {
        const run = this.runs.get(stream);
        if (run !== undefined) this.#restart(run.stream, reason);
      },
    });
    const starting = this.outlets.map(async (o) => {
      try {
        await o.exporter.start(this.#stop.signal);
      } catch (e) {
        if (!this.#stop.signal.aborted) throw e;
      }
    });
    // An optional sink that is away holds up nothing, but a setting of it that cannot work is said at once.
    const optional = starting.filter((_, i) => !this.outlets[i]!.required);
    for (const start of optional) start.catch((e: unknown) => this.#finish({ kind: 'failed', error: asError(e) }));
    await Promise.all(starting.filter((_, i) => this.outlets[i]!.required));
  }

  #finish(end: TopologyEnd): void {
    this.#end ??= end;
    this.#stop.abort();
  }

  async #untilListed(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const streams = this.watcher.streams();
      const open = streams.filter((s) => !this.#isListed(s.stream) && s.state !== 'forbidden');
      this.options.onProgress?.({
        streams: streams.length,
        streamsDone: streams.length - open.length,
        records: this.records,
      });
      if (open.length === 0) return;
      await pause(50, this.#stop.signal);
    }
  }

  #isListed(stream: Stream): boolean {
    return this.runs.get(stream.id)?.listed ?? false;
  }

  /** Delivers and commits what has been read. @returns what could not be, a line each */
  async #drain(): Promise<string[]> {
    const { logger, mode } = this.options;
    this.draining = true;
    await this.#rewriting;
    const unlisted = mode === 'snapshot' ? this.watcher.streams().filter((s) => !this.#isListed(s.stream)) : [];
    const deadline = AbortSignal.timeout(
      mode === 'snapshot' && !this.options.signal.aborted ? 2 ** 31 - 1 : this.config.drain.timeout,
    );
    await this.watcher.stop();
    const pending = (): StreamRun[] => [...this.runs.values()].filter((run) => !run.idle);
    while (pending().length > 0 && !deadline.aborted && this.#end === undefined) {
      for (const run of pending()) if (run.quiet) run.cut();
      await pause(20, deadline);
    }
    await Promise.all(this.outlets.map((o) => o.exporter.drain(deadline)));
    const late = pending().map(
      (run) => `${run.stream.id}: not acknowledged within the grace period; it is sent after the next start`,
    );
    if (late.length > 0)
      logger.warn(
        { streams: late.length },
        'not everything was delivered within the grace period; the rest is sent after the next start',
      );
    return [...unlisted.map((s) => `${s.stream.id}: ${s.lastError?.message ?? s.state}`), ...late];
  }

  async #close(): Promise<void> {
    await this.watcher.stop();
    await this.committer.stop();
    await Promise.all(this.outlets.map((o) => o.exporter.close()));
    await this.shards.close();
    await this.session.close();
    this.options.logger.info({ records: this.records }, 'stopped');
  }
}

function asError(e: unknown): WatershardError {
  return e instanceof WatershardError ? e : new WatershardError('INTERNAL', errorMessage(e), { cause: e });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
