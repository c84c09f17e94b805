import type { Config } from '../config/schema.ts';
import { asError, errorMessage, WatershardError } from '../model/errors.ts';
import type { Stream } from '../model/resource.ts';
import type { HealthReport, StatusReport } from '../model/status.ts';
import { bytesPerStream } from '../shard/config.ts';
import { Credits } from '../shard/credits.ts';
import type { StateSession } from '../state/state.ts';
import { componentLogger } from '../telemetry/logger.ts';
import { type StreamStart, Watcher } from '../watch/watcher.ts';
import { Committer } from './committer.ts';
import type { DeadLetters } from './dead-letter.ts';
import { drain } from './drain.ts';
import type { Outlet } from './outlet.ts';
import { createOutlets } from './outlets.ts';
import { aborted, atMost, backoff, pause } from './pause.ts';
import { Restarts } from './restarts.ts';
import { RetiredStreams } from './retired-streams.ts';
import { ShardSet } from './shard-set.ts';
import { startExporters } from './starting.ts';
import { rewriteState } from './state-rewrite.ts';
import { healthOf, observe, statusOf, totalsOf } from './status.ts';
import { planParts } from './stream-planning.ts';
import { StreamRun } from './stream-run.ts';
import type { TopologyEnd, TopologyOptions } from './topology-options.ts';
import { unlisted } from './undelivered.ts';
import { untilListed } from './until-listed.ts';

/** How long the end of a run waits for the commit that is under way. */
const CLOSE_MS = 2000;

/** One life of the pipeline on one state: builds it, runs it, drains it. */
export class Topology {
  readonly config: Config;
  readonly options: TopologyOptions;
  readonly runs = new Map<string, StreamRun>();
  readonly retired = new RetiredStreams();
  /** How many frames and objects were set aside, by stream. */
  readonly setAside = new Map<string, number>();
  readonly credits: Credits;
  readonly committer: Committer;
  readonly shards: ShardSet;
  readonly watcher: Watcher;
  outlets: readonly Outlet[] = [];
  #deadLetters: DeadLetters | undefined;
  /** The exporters are ready and the watches may begin. */
  connected = false;
  /** The first discovery has answered, and every stream has begun. */
  discovered = false;
  draining = false;
  #drained = false;
  #saidReady = false;
  readonly #stop = new AbortController();
  readonly restarts: Restarts;
  readonly void = new Map<string, string>(); // streams that would begin again, and why, if any did while it drains
  session: StateSession;
  /** The one by which this process may write; not yet `session` while a lost state is written anew. */
  #lease: StateSession;
  /** The last one that was found lost. */
  #lost: StateSession | undefined;
  readonly #startedAt = Date.now();
  #remember: (() => Promise<void>) | undefined;
  /** Set while a lost state is written anew. */
  #rewriting: Promise<void> | undefined;
  #end: TopologyEnd | undefined;

  constructor(config: Config, options: TopologyOptions) {
    const { metrics, logger } = options;
    this.config = config;
    this.options = options;
    this.credits = new Credits(config.flow.bytesInFlight, bytesPerStream(config.flow));
    metrics.creditLimit.set(this.credits.limit);
    [this.session, this.#lease] = [options.session, options.session];
    if (options.gap !== undefined) this.#remember = options.remember;
    this.committer = new Committer(options.session, componentLogger(logger, 'state'), (error) =>
      this.#stateEnded(error),
    );
    this.shards = new ShardSet({
      count: config.workers,
      flow: config.flow,
      metrics,
      logger: componentLogger(logger, 'shard'),
      onCrash: (shard, culprit) => {
        for (const run of this.#runsOn(shard)) if (run.halt(culprit)) this.restarts.blame(run.stream.id);
      },
      onRevived: (shard, error) => {
        const runs = this.#runsOn(shard).filter((run) => !this.draining || !run.quiet);
        for (const run of runs) this.#restart(run.stream, errorMessage(error));
      },
      onFatal: (error) => this.#finish({ kind: 'failed', error: asError(error) }),
    });
    this.watcher = new Watcher({
      api: options.client,
      config: config.watch,
      metrics,
      logger: componentLogger(logger, 'watch'),
      sink: (stream, item) => this.retired.look(this.runs.get(stream.id), item)?.intake(item),
      busy: (stream) => this.runs.get(stream.id)?.working.busy,
      onStream: (stream) => this.#begin(stream),
      former: options.former,
    });
    this.restarts = new Restarts((stream) => this.watcher.restart(stream), logger, this.#stop.signal);
  }

  get rewriting(): boolean {
    return this.#rewriting !== undefined;
  }

  /** It goes to its end for another reason than that it was told to. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  get records(): number {
    return totalsOf(this).records;
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
      this.#sayReady();
      // A commit would find it too, but where nothing happens there is none for a while.
      const ended = this.session.ended();
      if (ended !== undefined) this.#stateEnded(ended);
      void this.#rememberState();
      if (!this.draining) this.retired.sweep(this);
    }, 1000);
    observing.unref();
    try {
      const exporters = await this.#connect();
      this.connected = true;
      if (!this.#stop.signal.aborted) {
        this.committer.start();
        await this.watcher.start(this.#stop.signal);
        this.discovered = true;
        logger.info(
          { exporters: this.outlets.map((o) => o.name), shards: this.shards.count, state: this.options.stateKind },
          'started',
        );
        this.options.onStarted?.(false);
        void exporters.all.then(() => this.options.onStarted?.(true));
        if (mode === 'snapshot') await untilListed(this, this.#stop.signal);
        else await aborted(this.#stop.signal);
      }
      if (this.#end !== undefined) return this.#end;
      const undelivered = await this.#drain();
      this.#drained = undelivered.length === 0 && this.#end === undefined;
      return this.#end ?? { kind: 'done', undelivered };
    } catch (e) {
      if (this.#end !== undefined) return this.#end;
      if (this.#stop.signal.aborted)
        return { kind: 'done', undelivered: this.options.mode === 'snapshot' ? unlisted(this) : [] };
      if (e instanceof WatershardError && e.class === 'configuration') return { kind: 'failed', error: e };
      throw e;
    } finally {
      clearInterval(observing);
      signal.removeEventListener('abort', stop);
      await this.#close();
    }
  }

  #sayReady(): void {
    if (this.#saidReady || !this.discovered || !this.health().ready) return;
    this.#saidReady = true;
    this.options.logger.info({ streams: this.runs.size }, 'ready');
  }

  /** A state that came instead of a lost one is remembered when every stream has said so. */
  async #rememberState(): Promise<void> {
    const remember = this.#remember;
    if (remember === undefined || !this.discovered || this.rewriting) return;
    if ([...this.runs.values()].some((run) => run.gap !== undefined || run.position === undefined)) return;
    this.#remember = undefined;
    await remember().catch((e: unknown) =>
      this.options.logger.warn({ err: errorMessage(e) }, 'the epoch of the state cannot be remembered'),
    );
  }

  /** Begins a stream at its committed position, again where it has run before. */
  async #begin(stream: Stream): Promise<StreamStart> {
    await this.#rewriting;
    const known = this.runs.get(stream.id);
    const run = known?.stream === stream ? known : await this.#createRun(stream, known);
    const hasBegun = (known ?? run).begun || this.retired.get(stream.id) !== undefined;
    this.runs.set(stream.id, run);
    this.retired.begins(run);
    const gap =
      this.options.gap === undefined || hasBegun
        ? undefined
        : { reason: this.options.gap, observedAt: Date.now() * 1000 };
    for (let attempt = 0; ; attempt++) {
      try {
        const start = await this.committer.exclusive(() => run.begin(gap));
        const anew = this.options.relist === true && known === undefined && start.relist;
        return anew ? { ...start, resourceVersion: undefined, restored: true } : start;
      } catch (e) {
        const ended = this.session.ended();
        if (ended !== undefined) this.#stateEnded(ended);
        else
          this.options.logger.warn(
            { stream: stream.id, err: errorMessage(e) },
            'a stream could not begin; trying again',
          );
        if (this.#stop.signal.aborted) throw e;
        await pause(backoff(attempt), this.#stop.signal);
      }
    }
  }

  /** @param former the run of a stream of the same name, of another version or from before its resource was removed */
  async #createRun(stream: Stream, former: StreamRun | undefined): Promise<StreamRun> {
    if (former !== undefined) await this.committer.exclusive(() => former.end());
    const { clusterUid, metrics, logger, mode, tracer } = this.options;
    const { plans, shards } = planParts(stream, this.config, clusterUid, mode, this.shards);
    return new StreamRun(stream, plans, shards, {
      shards: this.shards,
      outlets: this.outlets,
      credits: this.credits,
      session: () => this.session,
      isStarting: () => !this.discovered,
      metrics,
      tracer,
      logger,
      ...(mode === 'snapshot' ? { table: 'inventory', asOf: this.#startedAt * 1000 } : { table: 'changes' }),
      onProgress: (run) => this.committer.poke(run),
      onQuarantined: (quarantinedIn, failures) => {
        const before = this.setAside.get(quarantinedIn.id) ?? 0;
        this.setAside.set(
          quarantinedIn.id,
          failures.reduce((sum, { count }) => sum + count, before),
        );
        return this.#deadLetters?.quarantined(quarantinedIn, failures);
      },
      onFailure: (run, error) => {
        logger.error({ stream: stream.id, err: error }, 'a defect: a stream goes on from its last commit');
        this.restarts.blame(stream.id);
        this.#restart(run.stream, errorMessage(error));
      },
      former: former ?? this.retired.get(stream.id),
    });
  }

  /** What was in flight is void; the stream goes on from its last commit. */
  #restart(stream: Stream, reason: string): void {
    if (this.#rewriting !== undefined && !this.#stop.signal.aborted) {
      // What this stream has on its way is in memory only, and that memory has gone.
      this.#finish({
        kind: 'lost',
        error: new WatershardError('STATE_LOST', `${reason}, while a lost state was written anew`),
      });
      return;
    }
    if (this.draining) this.void.set(stream.id, reason);
    this.restarts.request(stream.id, reason);
  }

  /** The state is lost or held by another process. It may be told more than once. */
  #stateEnded(error: WatershardError): void {
    if (error.code !== 'STATE_LOST') {
      this.#finish({ kind: 'failed', error });
      return;
    }
    if (this.#lost === this.session) return;
    this.#lost = this.session;
    // What a stream knows that has not begun, or not yet again, was in that state only.
    const whole = this.discovered && [...this.runs.values()].every((run) => run.begun && !run.halted);
    if (this.#rewriting !== undefined || !whole) this.#finish({ kind: 'lost', error });
    else
      this.#rewriting = this.#rewrite(error).finally(() => {
        this.#rewriting = undefined;
      });
  }

  #runsOn(shard: number): StreamRun[] {
    return [...this.runs.values()].filter((run) => run.shards.includes(shard));
  }

  async #rewrite(error: WatershardError): Promise<void> {
    try {
      const opened = await rewriteState(error, {
        runs: [...this.runs.values()],
        committer: this.committer,
        lost: this.session,
        open: async () => {
          const opened = await this.options.open();
          if (opened !== undefined) this.#lease = opened.session;
          return opened;
        },
        use: (session) => {
          this.session = session;
        },
        logger: this.options.logger,
        signal: this.#stop.signal,
      });
      if (opened !== undefined) this.#remember = opened.remember;
    } catch (e) {
      this.#finish({ kind: 'lost', error: asError(e) });
    }
  }

  async #connect(): Promise<{ readonly all: Promise<void> }> {
    const { metrics, logger, mode } = this.options;
    const topology = this;
    const { outlets, deadLetters } = await createOutlets(this.config, {
      get epoch() {
        return topology.session.epoch;
      },
      credits: this.credits,
      confirm: () => this.#lease.confirm(),
      metrics,
      logger: componentLogger(logger, 'exporters'),
      mode,
      runOf: (stream) => this.runs.get(stream),
      onLost: (stream, reason, required) => {
        const run = this.runs.get(stream);
        // While it drains, what the required ones have is still acknowledged.
        if (run === undefined || (this.draining && !required)) return;
        this.restarts.blame(stream);
        this.#restart(run.stream, reason);
      },
    });
    this.outlets = outlets;
    this.#deadLetters = deadLetters;
    return startExporters(outlets, this.#stop.signal, (error) => this.#finish({ kind: 'failed', error }));
  }

  /** Everything is committed that was delivered, by this process and by the one before. */
  #isClean(): boolean {
    const { clean } = this.session;
    if (!this.connected) return clean;
    return this.#drained && (clean || this.discovered) && [...this.runs.values()].every((run) => !run.isUncertain);
  }

  #finish(end: TopologyEnd): void {
    this.#end ??= end;
    this.#stop.abort();
  }

  async #drain(): Promise<string[]> {
    this.draining = true;
    await this.#rewriting;
    return await drain(this);
  }

  async #close(): Promise<void> {
    await this.watcher.stop();
    // A state that does not answer must not take more of the grace period.
    const stopped = await atMost(CLOSE_MS, this.committer.stop());
    await Promise.all(this.outlets.map((o) => o.close()));
    await this.shards.close();
    await this.options.leave(this.session, this.#isClean(), stopped && this.#lease === this.session);
    this.options.logger.info({ records: this.records }, 'stopped');
  }
}
