import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { errorMessage } from '../model/errors.ts';
import type { IntakeBusy, IntakeSink } from '../model/intake.ts';
import { type Resource, resourceName, type Stream } from '../model/resource.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type ApiClient, readStatus } from './api-client.ts';
import { backoffMs } from './backoff.ts';
import { unixMicros } from './clock.ts';
import type { WatchConfig } from './config.ts';
import { Discovery } from './discovery.ts';
import { StreamDriver } from './driver.ts';
import { ListSlots } from './list-slots.ts';
import { collectionPath } from './request-path.ts';
import { type ServedResource, selectResources } from './selection.ts';
import { ShardSupport } from './shard-support.ts';
import type { StreamState } from './stream-state.ts';
import { StreamingSupport } from './streaming-support.ts';
import { streamsOf } from './streams.ts';

/** Where a stream begins. */
export interface StreamStart {
  /** undefined to list. */
  readonly resourceVersion: string | undefined;
  /** The stream had a position, or known objects, before. */
  readonly relist: boolean;
  /** The list is compared by content: the API server may have gone back in time. */
  readonly restored?: boolean;
}

export interface WatcherOptions {
  readonly api: ApiClient;
  readonly config: WatchConfig;
  readonly sink: IntakeSink;
  readonly busy?: IntakeBusy;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** A stream is about to begin, or to begin again; nothing of it is handed over before this settles. */
  readonly onStream: (stream: Stream) => Promise<StreamStart>;
  /**
   * Streams of an earlier run. Where the server does not serve one any more that is still asked for, its objects went
   * meanwhile: `onStream` and then `removed` say so.
   */
  readonly former?: readonly Stream[];
}

export interface WatchedStream extends StreamState {
  readonly stream: Stream;
}

interface Entry {
  stream: Stream;
  driver: StreamDriver | undefined;
  /** `onStream` failed: it is tried again with the next discovery. */
  failed: boolean;
  /** It has begun once in this life of the watcher. */
  begun: boolean;
  /** Ends and beginnings of one stream follow one another. */
  turn: Promise<void>;
}

/** A beginning without regard to the position. */
const ANEW = { resourceVersion: undefined, restored: true } as const;
/** A resource that was missing from discovery this often in a row, and is not served on asking, has gone. */
const MISSING_TWICE = 2;
/** The same where asking is forbidden. */
const MISSING_FORBIDDEN = 4;
/** Streams that begin together are spread over this much time each, up to two seconds in all. */
const SPREAD_MS = 10;
const SPREAD_MAX_MS = 2000;

/** Keeps a stream running for everything that is served and selected. */
export class Watcher {
  readonly #o: WatcherOptions;
  readonly #discovery: Discovery;
  readonly #slots: ListSlots;
  readonly #support = new StreamingSupport();
  readonly #shardSupport = new ShardSupport();
  readonly #entries = new Map<string, Entry>();
  readonly #former = new Map<string, Stream>();
  /** Streams that were told to be removed; what was told may be lost. */
  readonly #gone = new Map<string, Stream>();
  /** How often in a row a watched resource was missing from discovery. */
  readonly #missing = new Map<string, number>();
  readonly #ending = new AbortController();
  #unknown: readonly string[] = [];
  /** The API server has gone back in time since this watcher began. */
  #restored = false;
  #polling: Promise<void> = Promise.resolve();

  constructor(options: WatcherOptions) {
    this.#o = options;
    this.#discovery = new Discovery(options);
    this.#slots = new ListSlots(options.config.concurrentLists);
    for (const stream of options.former ?? []) this.#former.set(stream.id, stream);
    const { index, count } = options.config.shard ?? { index: 0, count: 0 };
    options.metrics.watchShardIndex.set(index);
    options.metrics.watchShardCount.set(count);
  }

  /**
   * Settles when discovery has answered (it is tried until then) and every stream has been told of with `onStream` and
   * started. Rejects with what `onStream` throws, and with the signal's reason.
   */
  async start(signal?: AbortSignal): Promise<void> {
    const all = signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal]);
    for (let failures = 0; ; failures++) {
      try {
        await this.#discovery.refresh(all);
        break;
      } catch (error) {
        all.throwIfAborted();
        if (!isTransient(error)) throw error;
        this.#o.logger[failures === 0 ? 'warn' : 'debug'](
          { reason: errorMessage(error) },
          'discovery failed; trying again',
        );
        await sleep(backoffMs(failures, Math.random()), undefined, { signal: all });
      }
    }
    await this.#reconcile();
    this.#polling = this.#poll();
  }

  /** Nothing is handed over any more once this settles. Idempotent. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#polling;
    await Promise.all([...this.#entries.values()].map((entry) => this.#inTurn(entry, () => entry.driver?.stop())));
  }

  streams(): WatchedStream[] {
    const all: WatchedStream[] = [];
    for (const { stream, driver } of this.#entries.values())
      if (driver !== undefined) all.push({ stream, ...driver.state() });
    return all;
  }

  /** Streams that are about to begin, or to begin again: `streams` does not have them. */
  beginning(): Stream[] {
    return [...this.#entries.values()].filter((entry) => entry.driver === undefined).map((entry) => entry.stream);
  }

  /** Names in `resources` that fit nothing the server serves. */
  get unknownResources(): readonly string[] {
    return this.#unknown;
  }

  /** Group versions whose server does not answer to discovery. */
  get unansweredGroups(): readonly string[] {
    return this.#discovery.unanswered;
  }

  /** Forgets the stream's position and lists it again. */
  relist(stream: string): void {
    this.#entries.get(stream)?.driver?.relist();
  }

  /**
   * Stops the stream, and starts it at the position that `onStream` gives (a worker crashed, an exporter lost its batches).
   * Of one that has gone nothing is left but its removal, which is told of again after the next discovery, as its resource may
   * be served again by then.
   */
  async restart(stream: string): Promise<void> {
    const entry = this.#entries.get(stream);
    if (entry !== undefined) return await this.#inTurn(entry, () => this.#begin(entry, 0));
    const gone = this.#gone.get(stream);
    if (gone !== undefined) this.#former.set(stream, gone);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const delay =
          failures === 0
            ? this.#o.config.discoveryInterval
            : Math.max(this.#o.config.discoveryInterval, backoffMs(failures, Math.random()));
        await sleep(delay, undefined, { signal });
        const changed = await this.#discovery.refresh(signal);
        failures = 0;
        if (changed || this.#missing.size > 0 || this.#unstarted()) await this.#reconcile();
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#o.logger[failures === 3 ? 'warn' : 'debug'](
          { reason: errorMessage(error) },
          'discovering resources or starting their streams failed; what is watched stays so',
        );
      }
    }
  }

  #unstarted(): boolean {
    return this.#former.size > 0 || [...this.#entries.values()].some((entry) => entry.failed);
  }

  /** Starts what is new, starts again what changed, and looks into what is missing. */
  async #reconcile(): Promise<void> {
    const { config, logger } = this.#o;
    const served = this.#discovery.resources;
    const { resources, unknown } = selectResources(served, config.resources, config.exclude);
    for (const name of unknown) {
      if (!this.#unknown.includes(name))
        logger.warn(
          { resource: name, code: 'RESOURCE_UNKNOWN' },
          'the API server does not serve this resource; it is watched as soon as it does',
        );
    }
    this.#unknown = unknown;
    const wanted = new Map<string, Stream>();
    for (const resource of resources) for (const s of streamsOf(resource, config, served)) wanted.set(s.id, s);
    const work: Promise<void>[] = [];
    const fresh = [...wanted.values()].filter((s) => !this.#entries.has(s.id));
    const spread = Math.min(SPREAD_MAX_MS, (fresh.length - 1) * SPREAD_MS);
    for (const stream of wanted.values()) {
      const entry = this.#entries.get(stream.id);
      if (entry === undefined) {
        const created: Entry = { stream, driver: undefined, failed: false, begun: false, turn: Promise.resolve() };
        this.#entries.set(stream.id, created);
        this.#gone.delete(stream.id);
        work.push(this.#inTurn(created, () => this.#begin(created, Math.random() * spread)));
      } else if (entry.failed || !isDeepStrictEqual(entry.stream, stream)) {
        // Perhaps another version is preferred now. Where nothing has changed it stays the same stream, to whoever keeps
        // something of it.
        if (!isDeepStrictEqual(entry.stream, stream)) entry.stream = stream;
        work.push(this.#inTurn(entry, () => this.#begin(entry, 0)));
      }
    }
    work.push(this.#lookIntoMissing(wanted, served));
    await Promise.all(work);
  }

  async #begin(entry: Entry, delayMs: number): Promise<void> {
    await entry.driver?.stop();
    entry.driver = undefined;
    if (this.#ending.signal.aborted) return;
    const { api, config, sink, busy, metrics, logger } = this.#o;
    // Not while it is under way, which may take long: the next discovery would begin the stream once more.
    entry.failed = false;
    const start = await this.#o.onStream(entry.stream).catch((error: unknown) => {
      entry.failed = true;
      throw error;
    });
    // A position from before the API server went back means nothing; one that a list gave since does.
    const isOld = this.#restored && !entry.begun && start.relist;
    const { resourceVersion, relist, restored = false } = isOld ? { ...start, ...ANEW } : start;
    entry.begun = true;
    if (this.#ending.signal.aborted) return;
    entry.driver = new StreamDriver(entry.stream, {
      api,
      sink,
      ...(busy === undefined ? {} : { busy }),
      metrics,
      logger,
      listSlots: this.#slots,
      streamingSupport: this.#support,
      shardSupport: this.#shardSupport,
      onRestored: (driver) => this.#relistOthers(driver),
      stallMs: config.stallTimeout,
      pageSize: config.pageSize,
    });
    entry.driver.start(resourceVersion, { relist, restored, delayMs });
  }

  /** One stream has noticed that etcd was restored; what the others have read may be of a time that never was. */
  #relistOthers(noticed: StreamDriver): void {
    this.#restored = true;
    for (const { driver } of this.#entries.values()) if (driver !== noticed) driver?.relist(true);
  }

  /**
   * An API server that is starting may tell of fewer resources than it serves, and taking that for a removal would delete
   * everything downstream. So a resource has gone only when it is missing twice in a row and answers 404.
   */
  async #lookIntoMissing(wanted: ReadonlyMap<string, Stream>, served: readonly ServedResource[]): Promise<void> {
    const names = new Set(served.map(resourceName));
    const gone = new Map<string, boolean>();
    for (const [id, entry] of this.#entries) {
      if (wanted.has(id)) continue;
      const name = resourceName(entry.stream.resource);
      if (!gone.has(name)) gone.set(name, names.has(name) ? false : await this.#hasGone(name, entry.stream.resource));
      if (!gone.get(name)) continue;
      this.#entries.delete(id);
      this.#gone.set(id, entry.stream);
      this.#o.logger.info({ stream: id }, 'the resource is not served any more');
      await this.#inTurn(entry, () => entry.driver?.remove());
      if (entry.driver === undefined) this.#former.set(id, entry.stream); // it could not begin, and has told of nothing
    }
    for (const [id, stream] of this.#former) {
      const name = resourceName(stream.resource);
      const isWanted = wanted.has(id);
      if (!isWanted && this.#gone.has(id)) await this.#tellAgain(stream);
      else if (isWanted || names.has(name) || !this.#isAskedFor(stream)) this.#former.delete(id);
      else if (gone.get(name) ?? (await this.#hasGone(name, stream.resource))) {
        gone.set(name, true);
        await this.#tellAgain(stream);
      } else gone.set(name, false);
    }
    for (const name of this.#missing.keys()) if (names.has(name) || gone.get(name) === true) this.#missing.delete(name);
  }

  /** The removal of a stream that has no entry. */
  async #tellAgain(stream: Stream): Promise<void> {
    this.#former.delete(stream.id);
    this.#gone.set(stream.id, stream);
    this.#o.logger.info(
      { stream: stream.id },
      'the resource is not served any more: its removal is told of at its last commit',
    );
    try {
      await this.#o.onStream(stream);
    } catch (error) {
      this.#former.set(stream.id, stream); // with the next discovery
      throw error;
    }
    await this.#o.sink(stream, { type: 'removed', observedAt: unixMicros() });
  }

  /** Whether the configuration would choose the stream if its resource were served. */
  #isAskedFor(stream: Stream): boolean {
    const { config } = this.#o;
    const served = [{ ...stream.resource, singular: '', shortNames: [] }];
    const { resources } = selectResources(served, config.resources, config.exclude);
    return resources.some((r) => streamsOf(r, config, served).some((s) => s.id === stream.id));
  }

  async #hasGone(name: string, resource: Resource): Promise<boolean> {
    const times = (this.#missing.get(name) ?? 0) + 1;
    this.#missing.set(name, times);
    if (times < MISSING_TWICE) return false;
    const answer = await this.#o.api.get(`${collectionPath(resource)}?limit=1`, { signal: this.#ending.signal });
    if (answer.status === 200) {
      answer.body.abandon();
      return false;
    }
    const { code } = await readStatus(answer);
    return code === 404 || (code === 403 && times >= MISSING_FORBIDDEN);
  }

  async #inTurn(entry: Entry, act: () => Promise<void> | undefined): Promise<void> {
    const mine = entry.turn.then(act);
    entry.turn = mine.catch(() => undefined); // who asked for it gets the error; the next one has its own turn
    await mine;
  }
}

function isTransient(error: unknown): boolean {
  return (error as { class?: string }).class !== 'configuration';
}
