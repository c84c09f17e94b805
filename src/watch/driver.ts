import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Intake, IntakeBusy, IntakeSink } from '../model/intake.ts';
import type { Stream } from '../model/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type ApiClient, readStatus } from './api-client.ts';
import { type ApiStatus, parseErrorEvent } from './api-status.ts';
import { TOLERATED, TOLERATED_MS } from './backoff.ts';
import { unixMicros } from './clock.ts';
import { Connection } from './connection.ts';
import { Gathering } from './gathering.ts';
import { readPage } from './list-page.ts';
import type { ListSlots } from './list-slots.ts';
import { initialContext, transition } from './machine.ts';
import type { Context, Effect, Event, State } from './machine-types.ts';
import { acceptHeader, requestFor, type StreamRequest } from './request-path.ts';
import { ShardSupport, StreamShard } from './shard-support.ts';
import type { Split } from './splitter.ts';
import { type StreamState, shownError } from './stream-state.ts';
import type { StreamingSupport } from './streaming-support.ts';

export interface DriverOptions {
  readonly api: Pick<ApiClient, 'get'>;
  readonly sink: IntakeSink;
  readonly busy?: IntakeBusy;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Shared by all streams of a cluster. */
  readonly listSlots: ListSlots;
  readonly streamingSupport: StreamingSupport;
  readonly shardSupport?: ShardSupport;
  /** The API server has gone back in time, which concerns every stream. Called in the middle of an event. */
  readonly onRestored?: (driver: StreamDriver) => void;
  readonly stallMs: number;
  readonly pageSize: number;
  /** After how long the server is asked to end a watch: from this to twice this. Default 300. */
  readonly watchSeconds?: number;
}

/** An end of the initial events that does not follow within this time of silence never comes. */
const END_BOOKMARK_MS = 10_000;
/** The next pages get smaller when one is larger than this. */
const LARGE_PAGE = 16 * 2 ** 20;
const LISTING: ReadonlySet<State> = new Set<State>(['streaming-list', 'list-page']);
const RESUMING: ReadonlySet<State> = new Set<State>(['watching', 'backing-off', 'verifying']);
const GRAVE: ReadonlySet<string> = new Set(['API_FORBIDDEN', 'WATCH_RESTORED', 'SHARD_MISMATCH']);

/** Runs the list/watch machine of one stream: requests, timers, backpressure, and what it reports. */
export class StreamDriver {
  readonly stream: Stream;
  readonly #o: DriverOptions;
  readonly #logger: Logger;
  readonly #bytesRead: { inc(n: number): void };
  readonly #framesRead: { inc(n: number): void };
  #state: State = 'idle';
  #context: Context;
  #since = Date.now();
  #watchedAt = Number.NEGATIVE_INFINITY;
  #errorAt = 0;
  #lastEventAt = 0;
  #pageLimit: number;
  /** Of the next page, by the one before. */
  #pageBytes: number | undefined;
  #connection: Connection | undefined;
  #underway: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  /** Set while nothing may be read. */
  #credit: Promise<unknown> | undefined;
  readonly #gathering: Gathering;
  readonly #shard: StreamShard;
  #releaseSlot: (() => void) | undefined;
  #events: Event[] = [];
  #dispatching = false;
  #warned = false;

  constructor(stream: Stream, options: DriverOptions) {
    this.stream = stream;
    this.#o = options;
    this.#logger = options.logger.child({ stream: stream.id });
    this.#bytesRead = options.metrics.bytesRead.labels({ stream: stream.id });
    this.#framesRead = options.metrics.framesRead.labels({ stream: stream.id });
    this.#context = initialContext(stream.id);
    this.#pageLimit = options.pageSize;
    const { shardSupport: support = new ShardSupport(), metrics } = options;
    this.#shard = new StreamShard(stream, { support, metrics, logger: this.#logger });
    this.#gathering = new Gathering(stream, options.busy, () => {
      if (this.#connection !== undefined) this.#drain(this.#connection);
    });
    options.metrics.streams.inc({ state: this.#state });
  }

  /**
   * @param resourceVersion where to go on; undefined to list
   * @param options.relist the stream had a position before, so that a list shows changes; `restored`: they are looked for in
   *   the content, and not in the versions alone; `delayMs` before the first request
   */
  start(resourceVersion: string | undefined, options: { relist: boolean; restored?: boolean; delayMs?: number }): void {
    const { relist, restored = false, delayMs = 0 } = options;
    this.#dispatch({ type: 'start', resourceVersion: resourceVersion ?? '', relist, restored, delayMs });
  }

  /** Nothing is handed over any more from the call on; settles when the request is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#dispatch({ type: 'stop' });
    await this.#underway;
  }

  /** Forgets the position and lists again; `restored`: compared by content, as the API server has gone back in time. */
  relist(restored = false): void {
    this.#dispatch({ type: 'relist', restored });
  }

  /** Hands over `removed` and stops. */
  async remove(): Promise<void> {
    this.#dispatch({ type: 'remove', observedAt: unixMicros() });
    await this.#underway;
  }

  state(): StreamState {
    const { resourceVersion, lastError } = this.#context;
    return {
      state: this.#state,
      since: this.#since,
      resourceVersion,
      lastEventAt: this.#lastEventAt,
      synced: this.#synced(),
      ...(this.#shard.by === undefined ? {} : { shardedBy: this.#shard.by }),
      ...shownError(lastError, this.#errorAt),
    };
  }

  get #isOpen(): boolean {
    return this.#state === 'watching' && this.#context.opened;
  }

  #synced(): boolean {
    if (this.#context.resourceVersion === '') return false;
    if (this.#isOpen) return true;
    const isBrief = performance.now() - this.#watchedAt <= TOLERATED_MS;
    return isBrief && RESUMING.has(this.#state) && this.#context.failures <= TOLERATED;
  }

  #dispatch(event: Event): void {
    this.#events.push(event);
    if (this.#dispatching) return; // the sink called back: after the effects of the event before
    this.#dispatching = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#dispatching = false;
    }
  }

  #step(event: Event): void {
    if (this.#isOpen) this.#watchedAt = performance.now();
    const streamingLists = !this.#shard.isSet && this.#o.streamingSupport.works(this.stream.resource.group, Date.now());
    const env = { now: performance.now(), random: Math.random(), streamingLists };
    const step = transition(this.#state, this.#context, event, env);
    if (step === undefined) return;
    const before = this.#context;
    this.#context = step.context;
    this.#enter(step.state);
    this.#report(before, step.context);
    for (const effect of step.effects) this.#perform(effect);
    if (!LISTING.has(step.state)) this.#giveSlotBack();
  }

  #enter(state: State): void {
    const { streams, streamSynced } = this.#o.metrics;
    if (state !== this.#state) {
      streams.dec({ state: this.#state });
      this.#since = Date.now();
      this.#state = state;
      if (state === 'stopped' || state === 'removed') {
        streamSynced.remove({ stream: this.stream.id });
        this.#shard.ended();
        return;
      }
      streams.inc({ state });
    }
    if (state !== 'stopped' && state !== 'removed')
      streamSynced.set({ stream: this.stream.id }, this.#synced() ? 1 : 0);
  }

  #report(before: Context, now: Context): void {
    const error = now.lastError;
    if (error === before.lastError) return;
    if (error === undefined) {
      if (this.#warned) this.#logger.info('the stream is well again');
      this.#warned = false;
      return;
    }
    this.#errorAt = Date.now();
    const grave = now.failures > TOLERATED || GRAVE.has(error.code) || this.#state === 'unserved';
    const known = this.#warned && before.lastError?.code === error.code;
    this.#logger[grave && !known ? 'warn' : 'debug'](
      { code: error.code, failures: now.failures, remedy: error.remedy },
      error.message,
    );
    this.#warned ||= grave;
  }

  #perform(effect: Effect): void {
    const { metrics } = this.#o;
    const stream = this.stream.id;
    switch (effect.type) {
      case 'emit':
        this.#emit(effect.item);
        break;
      case 'abort':
        this.#abort();
        break;
      case 'wait':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#dispatch({ type: 'timer' }), effect.ms);
        break;
      case 'refuse-streaming-lists':
        this.#logger.debug({ group: this.stream.resource.group }, 'streaming lists are refused here; reading pages');
        this.#o.streamingSupport.refuse(this.stream.resource.group, Date.now());
        break;
      case 'count-list':
        metrics.lists.inc({ stream, result: effect.result });
        break;
      case 'count-watch':
        metrics.watches.inc({ stream, result: effect.result });
        if (effect.result === 'restored') this.#o.onRestored?.(this);
        break;
      default:
        this.#open(requestFor(effect, this.#shard.asked, this.#pageLimit, this.#timeoutSeconds()));
        break;
    }
  }

  /** Five to ten minutes, so that the watches of many streams do not end together. */
  #timeoutSeconds(): number {
    return Math.ceil((this.#o.watchSeconds ?? 300) * (1 + Math.random()));
  }

  #emit(item: Intake): void {
    const wait = this.#o.sink(this.stream, item);
    if (wait === undefined) return;
    const credit = this.#credit === undefined ? wait : Promise.all([this.#credit, wait]);
    this.#credit = credit;
    this.#connection?.pause();
    credit.then(
      () => {
        if (this.#credit !== credit) return;
        this.#credit = undefined;
        const connection = this.#connection;
        if (connection === undefined) return;
        this.#drain(connection);
        if (this.#credit === undefined) connection.resume();
      },
      (error: unknown) => {
        // as the sink's contract has it: the stream was stopped on the other side
        this.#logger.debug({ reason: errorMessage(error) }, 'nothing more is taken of this stream');
        this.#credit = undefined;
        this.#dispatch({ type: 'stop' });
      },
    );
  }

  #abort(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.abort();
  }

  #giveSlotBack(): void {
    this.#releaseSlot?.();
    this.#releaseSlot = undefined;
  }

  #open({ kind, path, verb }: StreamRequest): void {
    const events = { bytes: (count: number) => this.#bytesRead.inc(count), ready: (c: Connection) => this.#drain(c) };
    const connection = new Connection(kind, `${verb} ${this.stream.id}`, events, this.#pageBytes);
    this.#connection = connection;
    this.#underway = this.#request(connection, path).catch((error: unknown) => {
      if (connection !== this.#connection) return; // aborted by this driver: nothing is lost
      const known = error instanceof WatershardError;
      const doing = `${verb} ${this.stream.id}: ${errorMessage(error)}`;
      this.#dispatch({
        type: 'failed',
        error: known ? error : new WatershardError('API_UNREACHABLE', doing, { cause: error }),
      });
    });
  }

  async #request(connection: Connection, path: string): Promise<void> {
    const { signal } = connection;
    // Until then the connection of the request before is not free, and another would be opened beside it.
    await new Promise((resolve) => setImmediate(resolve));
    // Of a driver that is stopped the other side may never take anything again.
    const over = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    while (this.#credit !== undefined && !signal.aborted) await Promise.race([this.#credit, over]);
    if (LISTING.has(this.#state) && this.#releaseSlot === undefined) {
      const release = await this.#o.listSlots.acquire(signal);
      if (connection !== this.#connection) {
        release?.();
        return;
      }
      this.#releaseSlot = release;
    }
    if (signal.aborted) return;
    connection.touchedAt = performance.now();
    this.#watchSilence(connection);
    const headers = { Accept: acceptHeader(this.stream, connection.kind === 'page') };
    const answer = await this.#o.api.get(path, { signal, headers });
    if (connection !== this.#connection) {
      answer.body.abandon();
    } else if (answer.status === 200) {
      connection.attach(answer);
      this.#dispatch({ type: 'opened' });
      this.#watchSilence(connection);
    } else {
      const status = await readStatus(answer);
      if (connection === this.#connection) this.#refused(status);
    }
  }

  #refused(status: ApiStatus): void {
    this.#shard.refused(status);
    this.#dispatch({ type: 'status', status });
  }

  /** Wakes when the limit of silence may be over; a byte read meanwhile costs no timer. */
  #watchSilence(connection: Connection): void {
    const look = (): void => {
      if (connection !== this.#connection) return;
      // A pause for credit is our own silence.
      if (this.#credit !== undefined) connection.touchedAt = performance.now();
      const left = this.#silenceLimit() - (performance.now() - connection.touchedAt);
      if (left <= 0) {
        this.#dispatch({ type: 'silent' });
        return;
      }
      this.#silence = setTimeout(look, left + 1);
    };
    clearTimeout(this.#silence);
    look();
  }

  #silenceLimit(): number {
    const { stallMs } = this.#o;
    return this.#state === 'streaming-list' && this.#context.opened ? Math.min(END_BOOKMARK_MS, stallMs) : stallMs;
  }

  /** Hands over what was read, for as long as there is credit; then, where the connection is over, says so. */
  #drain(connection: Connection): void {
    while (connection === this.#connection && this.#credit === undefined) {
      if (this.#gathering.holds(connection)) return;
      const split = connection.kind === 'watch' ? connection.next() : undefined;
      if (split === undefined) break;
      this.#lastEventAt = Date.now();
      this.#take(connection, split);
    }
    if (connection !== this.#connection || this.#credit !== undefined || connection.outcome === undefined) return;
    if (connection.kind === 'page' && connection.outcome.type === 'ended') this.#takePage(connection);
    else this.#dispatch(connection.outcome);
  }

  #take(connection: Connection, split: Split): void {
    switch (split.type) {
      case 'frames':
        this.#framesRead.inc(split.count);
        this.#dispatch({ ...split, observedAt: connection.observedAt });
        break;
      case 'bookmark':
        this.#dispatch({ ...split, observedAt: connection.observedAt });
        break;
      case 'error':
        this.#refused(parseErrorEvent(split.text));
        break;
      case 'oversized':
        this.#o.metrics.quarantined.inc({ stream: this.stream.id, reason: 'oversized' });
        this.#logger.error(
          { byteLength: split.byteLength },
          'a watch event is longer than can be held; it was left out',
        );
        break;
    }
  }

  #takePage(connection: Connection): void {
    const bytes = connection.takePage();
    this.#pageBytes = Math.ceil(bytes.length * 1.1);
    this.#lastEventAt = Date.now();
    const list = readPage(bytes, this.#shard);
    if (list instanceof WatershardError) {
      this.#dispatch({ type: 'failed', error: list });
      return;
    }
    if (bytes.length > LARGE_PAGE && this.#pageLimit > 1) this.#pageLimit = Math.ceil(this.#pageLimit / 2);
    const { resourceVersion, continue: continueToken } = list;
    this.#dispatch({ type: 'page', bytes, resourceVersion, continueToken, observedAt: connection.observedAt });
  }
}
