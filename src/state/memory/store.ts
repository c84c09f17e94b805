import { randomUUID } from 'node:crypto';
import { WatershardError } from '../../model/errors.ts';
import type { Position } from '../../model/position.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SessionHealth } from '../session-health.ts';
import type { StateIdentity, StateSession, StateStore, StreamCommit } from '../state.ts';
import { KnownLog } from './known-log.ts';

interface Held {
  readonly clusterUid: string;
  readonly epoch: string;
  readonly positions: Map<string, Position>;
  readonly known: Map<string, KnownLog>;
  owner: string | undefined;
  fence: number;
  clean: boolean;
}

/** A state that lives as long as this object: for `snapshot`, which starts from nothing, and for tests. */
export class MemoryStateStore implements StateStore {
  readonly kind = 'memory';
  readonly #metrics: Metrics;
  readonly #states = new Map<string, Held>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  async open(identity: StateIdentity): Promise<StateSession> {
    let state = this.#states.get(identity.cluster);
    const fresh = state === undefined;
    if (state === undefined) {
      state = {
        clusterUid: identity.clusterUid,
        epoch: randomUUID(),
        positions: new Map(),
        known: new Map(),
        owner: undefined,
        fence: 0,
        clean: true,
      };
      this.#states.set(identity.cluster, state);
    }
    if (state.clusterUid !== identity.clusterUid) {
      throw new WatershardError(
        'STATE_OF_ANOTHER_CLUSTER',
        `opening the state in memory: it was written for the cluster with uid ${state.clusterUid}`,
      );
    }
    if (state.owner !== undefined && state.owner !== identity.owner) {
      throw new WatershardError('STATE_HELD', `opening the state in memory: it is held by ${state.owner}`);
    }
    state.owner = identity.owner;
    state.fence++;
    return new MemorySession(state, fresh, this.#metrics, () => this.#states.get(identity.cluster));
  }

  /** Loses everything, like a Redis that was flushed. */
  wipe(): void {
    this.#states.clear();
  }

  /** Lets go of whoever holds the state, like a lease that ran out. */
  expire(): void {
    for (const state of this.#states.values()) state.owner = undefined;
  }
}

class MemorySession implements StateSession {
  readonly epoch: string;
  readonly fresh: boolean;
  #clean: boolean;
  readonly #state: Held;
  readonly #fence: number;
  readonly #current: () => Held | undefined;
  readonly #health: SessionHealth;

  constructor(state: Held, fresh: boolean, metrics: Metrics, current: () => Held | undefined) {
    this.epoch = state.epoch;
    this.fresh = fresh;
    this.#clean = state.clean;
    state.clean = false;
    this.#state = state;
    this.#fence = state.fence;
    this.#current = current;
    this.#health = new SessionHealth(metrics);
  }

  get clean(): boolean {
    return this.#clean;
  }

  async positions(): Promise<Map<string, Position>> {
    this.#standing('reading positions');
    return new Map(this.#state.positions);
  }

  async *known(stream: string): AsyncGenerator<ArrayBuffer> {
    this.#standing('reading known objects');
    yield* this.#state.known.get(stream)?.chunks() ?? [];
  }

  async commit(commits: readonly StreamCommit[]): Promise<void> {
    await this.#health.commit(async () => {
      this.#standing('committing');
      for (const { stream, position } of commits) {
        const stored = this.#state.positions.get(stream)?.sequence ?? 0;
        if (stored === position.sequence - 1) continue;
        throw new WatershardError(
          'STATE_LOST',
          `committing ${stream} to the state in memory: it is at commit ${stored}, not ${position.sequence - 1}`,
        );
      }
      for (const { stream, position, deltas } of commits) {
        const known = this.#state.known.get(stream) ?? new KnownLog();
        this.#state.known.set(stream, known);
        for (const delta of deltas) known.append(delta);
        this.#state.positions.set(stream, position);
      }
    });
  }

  async forget(stream: string): Promise<void> {
    this.#standing('forgetting a stream');
    this.#state.positions.delete(stream);
    this.#state.known.delete(stream);
  }

  async confirm(): Promise<void> {
    this.#standing('confirming the lease');
  }

  trouble(): string | undefined {
    return this.#health.trouble();
  }

  ended(): WatershardError | undefined {
    return this.#health.ended();
  }

  handOver(clean: boolean): boolean {
    this.#clean = clean;
    return this.#health.well;
  }

  async close(clean = false): Promise<void> {
    this.#health.end(new WatershardError('STATE_UNAVAILABLE', 'the state in memory was closed'));
    if (this.#state.fence !== this.#fence) return;
    this.#state.owner = undefined;
    this.#state.clean ||= clean;
  }

  #standing(doing: string): void {
    this.#health.check();
    if (this.#current() !== this.#state)
      throw new WatershardError('STATE_LOST', `${doing}: the state in memory was wiped`);
    if (this.#state.fence !== this.#fence)
      throw new WatershardError(
        'STATE_HELD',
        `${doing}: ${this.#state.owner ?? 'another'} has taken the state in memory`,
      );
  }
}
