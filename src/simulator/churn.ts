import type { Cluster, Served } from './cluster.ts';

/** Changes that are made before the watches are written to. */
const BURST = 256;
/** At the rate `max`, changes wait while a watch is this many events behind. */
const AHEAD = 1024;
const TICK_MS = 10;

export interface Readers {
  /** Events that the slowest watch has not been given; undefined where nobody watches. */
  behind(): number | undefined;
  changed(served: ReadonlySet<Served>): void;
}

/** Makes the changes: at a fixed rate, or as fast as the slowest watch reads. */
export class Churn {
  readonly #cluster: Cluster;
  readonly #rate: number | 'max';
  readonly #readers: Readers;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #running = false;
  /** Changes until it stops by itself. */
  #left = Number.POSITIVE_INFINITY;
  /** Pairs, of the last start: last resourceVersion of a burst, and when it was made, in milliseconds of Unix time. */
  #writes: [resourceVersion: number, at: number][] = [];

  constructor(cluster: Cluster, rate: number | 'max', readers: Readers) {
    this.#cluster = cluster;
    this.#rate = rate;
    this.#readers = readers;
  }

  get running(): boolean {
    return this.#running;
  }

  /** The moments of the last changes, for latencies; at a rate of changes and a count only. */
  get writes(): readonly (readonly [resourceVersion: number, at: number])[] {
    return this.#writes;
  }

  /** @param count changes after which it stops */
  start(count = Number.POSITIVE_INFINITY): void {
    if (this.#running || this.#rate === 0) return;
    this.#running = true;
    this.#left = count;
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
      if (behind === undefined || behind > AHEAD) return;
      this.#makeSome(BURST);
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
    for (let left = count; left > 0; left -= BURST) {
      const touched = new Set<Served>();
      for (let i = Math.min(left, BURST); i > 0; i--) touched.add(this.#cluster.change());
      if (this.#rate !== 'max' && Number.isFinite(this.#left))
        this.#writes.push([this.#cluster.resourceVersion, performance.timeOrigin + performance.now()]);
      this.#readers.changed(touched);
    }
  }
}
