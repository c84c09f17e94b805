import type { Cluster, Served } from './cluster.ts';
import { badRequest } from './refusal.ts';

/** Changes that are made before the watches are written to, at most. */
const BURST = 256;
/** At the rate `max`, changes wait while a watch is this many events behind, at most. */
const AHEAD = 1024;
const TICK_MS = 10;

export interface Readers {
  /** Events that the slowest watch has not been given; undefined where nobody watches. */
  behind(): number | undefined;
  changed(served: ReadonlySet<Served>): void;
  /** Render what is new from now on, and keep it until the release. */
  hold(): void;
  release(): void;
}

/** Makes the changes: at a fixed rate, or as fast as the slowest watch reads. */
export class Churn {
  readonly #cluster: Cluster;
  readonly #rate: number | 'max';
  readonly #readers: Readers;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #running = false;
  /** The watches keep what is rendered, until the start. */
  #holds = false;
  /** Changes that are made and not sent. */
  #prepared = 0;
  /** Changes until it stops by itself. */
  #left = Number.POSITIVE_INFINITY;
  /** Pairs, of the last start: last resourceVersion of a burst, and when it was made, in milliseconds of Unix time. */
  #writes: [resourceVersion: number, at: number][] = [];

  constructor(cluster: Cluster, rate: number | 'max', readers: Readers) {
    this.#cluster = cluster;
    this.#rate = rate;
    this.#readers = readers;
  }

  /** A watch has to be given a change before it leaves the window. */
  get #half(): number {
    return Math.ceil(this.#cluster.window / 2);
  }

  get running(): boolean {
    return this.#running;
  }

  /** The moments of the last changes, for latencies; at a rate of changes and a count only. */
  get writes(): readonly (readonly [resourceVersion: number, at: number])[] {
    return this.#writes;
  }

  /**
   * Makes and renders the next changes: started, they are sent as fast as they are read, and cost what sending costs. What
   * has no room is made then.
   */
  prepare(count: number): void {
    if (this.#rate !== 'max' || this.#running)
      throw badRequest('prepare: only at the rate max, while there is no churn');
    this.#holds = true;
    this.#readers.hold();
    while (this.#prepared < count && (this.#readers.behind() ?? 0) === 0) {
      const some = Math.min(this.#half, count - this.#prepared);
      this.#makeAtOnce(some);
      this.#prepared += some;
    }
  }

  /** @param count changes after which it stops */
  start(count = Number.POSITIVE_INFINITY): void {
    if (this.#running || this.#rate === 0) return;
    this.#running = true;
    this.#left = Math.max(0, count - this.#prepared);
    this.#prepared = 0;
    if (this.#holds) this.#readers.release();
    this.#holds = false;
    this.#writes = [];
    if (this.#rate === 'max') {
      this.wake();
      return;
    }
    const rate = this.#rate;
    let last = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      // After a pause of the process it does not catch up more than a second: a burst would not be the rate asked for.
      due += (Math.min(now - last, 1000) * rate) / 1000;
      last = now;
      const whole = Math.floor(due);
      due -= whole;
      this.#makeSome(whole);
    }, TICK_MS);
  }

  stop(): void {
    this.#running = false;
    clearInterval(this.#timer);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  /** A watch came or went on reading: at the rate `max` there may be something to do again. */
  wake(): void {
    if (!this.#running || this.#rate !== 'max' || this.#immediate !== undefined) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      const behind = this.#readers.behind();
      if (behind === undefined || behind > Math.min(AHEAD, this.#half)) return;
      this.#makeSome(Math.min(BURST, this.#half));
      this.wake();
    });
  }

  #makeSome(count: number): void {
    const some = Math.min(count, this.#left);
    this.#left -= some;
    this.make(some);
    if (this.#left === 0) this.stop();
  }

  /** Makes this many changes now. */
  make(count: number): void {
    const burst = Math.min(BURST, this.#half);
    for (let left = count; left > 0; left -= burst) this.#makeAtOnce(Math.min(left, burst));
  }

  #makeAtOnce(count: number): void {
    const touched = new Set<Served>();
    for (let i = 0; i < count; i++) touched.add(this.#cluster.change());
    if (this.#rate !== 'max' && Number.isFinite(this.#left))
      this.#writes.push([this.#cluster.resourceVersion, performance.timeOrigin + performance.now()]);
    this.#readers.changed(touched);
  }
}
