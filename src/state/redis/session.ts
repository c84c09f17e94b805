import { setTimeout as sleep } from 'node:timers/promises';
import { DeltaWriter } from '../../model/delta.ts';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Position } from '../../model/position.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { isFinal, SessionHealth } from '../session-health.ts';
import { spent } from '../spent.ts';
import type { StateIdentity, StateSession, StreamCommit } from '../state.ts';
import type { Argument, Connection } from './connection.ts';
import { type EpochKeys, epochKeys } from './keys.ts';
import { checkStanding, type Lease, releaseLease, renewLease } from './lease.ts';
import { COMMIT, COMMITTED, FORGET, UNSTAGE, VOID } from './scripts.ts';
import { splitDelta } from './split-delta.ts';

/** Giving the lease back may take this long; it runs out by itself all the same. */
const RELEASE_MS = 2000;
/** Chunks of `known`, and pieces of a staged commit. */
const CHUNK_BYTES = 1024 * 1024;
/** A stage that no commit accepted goes away by itself. */
const STAGE_TTL_MS = 3_600_000;

export interface SessionOptions {
  readonly connection: Connection;
  readonly identity: StateIdentity;
  readonly lease: Lease;
  /** When it was asked for. Monotonic, milliseconds. */
  readonly leasedAt: number;
  /** Milliseconds. */
  readonly ttl: number;
  /** Deltas that one script applies at most; Redis does nothing else meanwhile (2 MiB: about 50 ms). */
  readonly scriptBytes: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export class RedisSession implements StateSession {
  readonly epoch: string;
  readonly fresh: boolean;
  #clean: boolean;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #keys: EpochKeys;
  readonly #health: SessionHealth;
  readonly #renewal: NodeJS.Timeout;
  #renewing = false;
  /** Until then nobody else can have taken the lease. Monotonic, milliseconds. */
  #leasedUntil: number;
  #closed = false;
  #attempts = 0;
  /** The first attempt of a stream's commit that got no answer. */
  readonly #inDoubt = new Map<string, number>();
  /** The commit that each stream was at when positions were read; undefined where this session has written since. */
  #read: Map<string, string> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.epoch = options.lease.epoch;
    this.fresh = options.lease.fresh;
    this.#clean = options.lease.clean;
    this.#keys = epochKeys(options.identity.cluster, this.epoch);
    this.#health = new SessionHealth(options.metrics);
    this.#leasedUntil = options.leasedAt + options.ttl;
    this.#renewal = setInterval(() => void this.#renew(), options.ttl / 3);
    this.#renewal.unref();
  }

  get clean(): boolean {
    return this.#clean;
  }

  async positions(): Promise<Map<string, Position>> {
    this.#health.check();
    const answer = (await this.#connection.call('reading positions', 'HGETALL', this.#keys.positions)) as string[];
    if (answer.length === 0) await this.#void('reading positions', 'they are');
    const positions = new Map<string, Position>();
    const read = new Map<string, string>();
    for (let i = 0; i < answer.length; i += 2) {
      if (answer[i] === '') continue;
      const text = answer[i + 1]!;
      const rest = JSON.parse(text.slice(text.indexOf('\n') + 1)) as Omit<Position, 'sequence'>;
      positions.set(answer[i]!, { ...rest, sequence: Number.parseInt(text, 10) });
      read.set(answer[i]!, /^\d+ \d+ \d+/.exec(text)?.[0] ?? '');
    }
    this.#read = read;
    return positions;
  }

  /**
   * Positions and known objects are read one after the other, and a failover may come in between; so it ends by asking the
   * primary whether the stream still stands where it was read.
   */
  async *known(stream: string): AsyncGenerator<ArrayBuffer> {
    this.#health.check();
    const read = this.#read;
    const committed = await this.#final(() => this.#unstage(stream));
    const { generation } = this.#connection;
    const writer = new DeltaWriter();
    let complete = false;
    let bytes = 0;
    let cursor = '0';
    do {
      const args = [this.#keys.known(stream), cursor, 'COUNT', '1000'];
      const [next, entries] = (await this.#connection.callBuffer(`reading known ${stream}`, 'HSCAN', ...args)) as [
        Buffer,
        Buffer[],
      ];
      // The cursor means nothing to another server, nor to this one after a restart: entries would be left out.
      if (this.#connection.generation !== generation)
        throw new WatershardError('STATE_UNAVAILABLE', `reading known ${stream}: the connection broke meanwhile`);
      // A hash that is being resized may answer an entry twice: the second is the same.
      for (let i = 0; i < entries.length; i += 2) {
        if (entries[i]!.length === 0) {
          complete = true;
          continue;
        }
        writer.put(entries[i]!.toString('utf8'), entries[i + 1]!);
        bytes += entries[i]!.length + entries[i + 1]!.length;
        if (bytes < CHUNK_BYTES) continue;
        yield writer.finish();
        bytes = 0;
      }
      cursor = next.toString();
    } while (cursor !== '0');
    await this.#final(() => this.#checkRead(stream, read?.get(stream) ?? (read === undefined ? undefined : '')));
    if (committed && !complete) await this.#void(`reading known ${stream}`, 'they are');
    if (writer.count > 0) yield writer.finish();
  }

  /** @param read undefined: it is not known where the stream stood */
  async #checkRead(stream: string, read: string | undefined): Promise<void> {
    const doing = `reading known ${stream}`;
    const keys = [this.#keys.meta, this.#keys.lease, this.#keys.positions];
    const [, now = ''] = await this.#script(doing, COMMITTED, keys, [stream]);
    if (read === undefined || now === read) return;
    const [was, is] = [read, now].map((commit) => commit.split(' ')[0] || '0');
    throw new WatershardError(
      'STATE_LOST',
      `${doing} at ${this.#connection.name}: it was at commit ${was} and is at ${is}`,
    );
  }

  /**
   * What fits into one script is done by one. A stream with more is staged: its deltas are laid down beside, the script
   * moves the position and accepts the stage in one step, and the stage is applied piece by piece afterwards, by
   * whoever comes next where this process does not get to it. (To apply first and move the position last would not do:
   * a restart in between replays from the old position against newer known objects, suppresses what seems unchanged,
   * and so writes again a Parquet file of the old position without the rows that it had.)
   */
  async commit(commits: readonly StreamCommit[]): Promise<void> {
    if (commits.length === 0) return;
    this.#read = undefined;
    await this.#health.commit(async () => {
      const attempt = ++this.#attempts;
      for (const { stream } of commits) if (!this.#inDoubt.has(stream)) this.#inDoubt.set(stream, attempt);
      for (const group of this.#groups(commits)) await this.#commitGroup(group, attempt);
      for (const { stream } of commits) this.#inDoubt.delete(stream);
      spent(commits);
    });
  }

  async forget(stream: string): Promise<void> {
    this.#read = undefined;
    await this.#final(async () => {
      this.#health.check();
      await this.#unstage(stream);
      const keys = [this.#keys.meta, this.#keys.lease, this.#keys.positions, this.#keys.known(stream)];
      await this.#script(`forgetting ${stream}`, FORGET, keys, [stream]);
      this.#inDoubt.delete(stream);
    });
  }

  async confirm(): Promise<void> {
    this.#health.check();
    if (performance.now() >= this.#leasedUntil) await this.#extend();
  }

  trouble(): string | undefined {
    return this.#health.trouble() ?? (this.#closed ? undefined : this.#connection.trouble());
  }

  ended(): WatershardError | undefined {
    return this.#health.ended();
  }

  handOver(clean: boolean): boolean {
    this.#clean = clean;
    return this.#health.well && this.trouble() === undefined && this.#inDoubt.size === 0;
  }

  async close(clean = false): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#renewal);
    this.#health.end(new WatershardError('STATE_UNAVAILABLE', `the state at ${this.#connection.name} was closed`));
    try {
      const ended = new AbortController();
      const late = sleep(RELEASE_MS, undefined, { signal: ended.signal }).then(() => {
        throw new WatershardError('STATE_UNAVAILABLE', `${this.#connection.name} does not answer`);
      });
      const released = releaseLease(this.#connection, this.#keys, this.#options.lease, clean);
      await Promise.race([released, late]).finally(() => ended.abort());
    } catch (e) {
      this.#options.logger.info(
        { reason: errorMessage(e) },
        'the lease of the state could not be given back; it runs out by itself',
      );
    }
    this.#connection.close();
  }

  /** Commits that one script takes together; one that is too large for a script stands alone. */
  #groups(commits: readonly StreamCommit[]): StreamCommit[][] {
    const groups: StreamCommit[][] = [];
    let room = 0;
    for (const commit of commits) {
      const bytes = sizeOf(commit);
      if (bytes > room || groups.length === 0) {
        groups.push([]);
        room = this.#options.scriptBytes;
      }
      groups.at(-1)!.push(commit);
      room -= bytes;
    }
    return groups;
  }

  async #commitGroup(group: readonly StreamCommit[], attempt: number): Promise<void> {
    const doing = `committing ${group.length === 1 ? group[0]!.stream : `${group.length} streams`}`;
    const keys = [this.#keys.meta, this.#keys.lease, this.#keys.positions];
    const args: Argument[] = [String(attempt)];
    let stagedStream: string | undefined;
    for (const commit of group) {
      const { stream, position } = commit;
      const { sequence, ...rest } = position;
      const stage = this.#keys.stage(stream, `${this.#options.lease.fence}.${attempt}`);
      const large = sizeOf(commit) > this.#options.scriptBytes;
      const staged = large ? await this.#stage(doing, stage, commit) : 0;
      if (large) stagedStream = stream;
      const deltas = large ? [] : commit.deltas.filter((d) => d.byteLength > 0).map((d) => Buffer.from(d));
      keys.push(this.#keys.known(stream), stage);
      args.push(
        stream,
        String(sequence),
        String(this.#inDoubt.get(stream)),
        JSON.stringify(rest),
        String(staged),
        String(deltas.length),
        ...deltas,
      );
    }
    let answer = await this.#script(doing, COMMIT, keys, args);
    // Stages of commits before, which this process did not get to applying.
    for (let i = 0; answer[0] === 'STAGED' && i < group.length; i++) {
      await this.#unstage(answer[1]!);
      answer = await this.#script(doing, COMMIT, keys, args);
    }
    if (answer[0] !== 'OK')
      throw new WatershardError('STATE_UNAVAILABLE', `${doing} at ${this.#connection.name}: ${answer.join(' ')}`);
    if (stagedStream === undefined) return;
    try {
      await this.#unstage(stagedStream);
    } catch (e) {
      if (isFinal(e)) throw e;
      // It is committed all the same: the next commit of the stream, or whoever reads it next, goes on here.
      this.#options.logger.debug(
        { stream: stagedStream, reason: errorMessage(e) },
        'a large commit is accepted and not applied yet',
      );
    }
  }

  /** @returns the number of pieces */
  async #stage(doing: string, stage: string, commit: StreamCommit): Promise<number> {
    await this.#connection.call(doing, 'DEL', stage);
    let count = 0;
    // The empty one is its end; see scripts.ts.
    for (const delta of [...commit.deltas, new ArrayBuffer(0)]) {
      for (const piece of delta.byteLength === 0 ? [Buffer.alloc(0)] : splitDelta(delta, CHUNK_BYTES)) {
        await this.#connection.call(doing, 'RPUSH', stage, piece);
        if (++count === 1) await this.#connection.call(doing, 'PEXPIRE', stage, String(STAGE_TTL_MS));
      }
    }
    return count;
  }

  /** Applies what a large commit left to be applied, if anything. @returns whether the stream was ever committed */
  async #unstage(stream: string): Promise<boolean> {
    const doing = `applying the last commit of ${stream}`;
    const position = await this.#connection.call(doing, 'HGET', this.#keys.positions, stream);
    const stage = typeof position === 'string' ? /^\d+ \d+ \d+ ([^\n]*)\n/.exec(position)?.[1] : undefined;
    if (stage === undefined || stage === '-') return stage !== undefined;
    const keys = [this.#keys.meta, this.#keys.lease, this.#keys.positions, this.#keys.known(stream), stage];
    let answer: string[];
    do answer = await this.#script(doing, UNSTAGE, keys, [stream]);
    while (answer[0] === 'MORE');
    return true;
  }

  /** What was read is not all that was written. @throws WatershardError STATE_LOST, STATE_HELD */
  async #void(doing: string, what: string): Promise<void> {
    await this.#final(() => this.#script(doing, VOID, [this.#keys.meta, this.#keys.lease], [what]));
  }

  async #script(doing: string, lua: string, keys: readonly string[], args: readonly Argument[]): Promise<string[]> {
    const { epoch, fence } = this.#options.lease;
    const answer = await this.#connection.script(doing, lua, keys, [epoch, fence, ...args]);
    checkStanding(`${doing} at ${this.#connection.name}`, answer);
    return answer;
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#closed) return;
    this.#renewing = true;
    try {
      await this.#extend();
    } catch (e) {
      this.#options.logger.debug({ reason: errorMessage(e) }, 'the lease of the state could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }

  async #extend(): Promise<void> {
    const { lease, identity, ttl } = this.#options;
    const at = performance.now();
    try {
      await this.#final(() => renewLease(this.#connection, this.#keys, lease, identity.owner, ttl));
    } catch (e) {
      if (e instanceof WatershardError && !this.#closed) this.#health.noteRenewal(e);
      throw e;
    }
    this.#health.noteRenewal();
    this.#leasedUntil = at + ttl;
  }

  /** Remembers a loss or a takeover that was found by something else than a commit. */
  async #final<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (e) {
      if (isFinal(e) && !this.#closed) this.#health.noteFailure(e);
      throw e;
    }
  }
}

function sizeOf(commit: StreamCommit): number {
  return commit.deltas.reduce((sum, d) => sum + d.byteLength, 0);
}
