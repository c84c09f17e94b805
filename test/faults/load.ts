import { seededRandom, type Workload } from '../support/workload.ts';

const WRITERS = 4;

/**
 * A workload that goes on until it is stopped, whatever happens to the API server. What it has confirmed does not matter:
 * etcd's history tells what became of a write whose answer was lost.
 */
export class Load {
  readonly #workload: Workload;
  readonly #random: () => number;
  /** Writes a second, about: enough that every fault strikes in the middle of something. */
  rate = 120;
  #on = false;
  #writers: Promise<void>[] = [];
  /** Writes that failed. */
  failed = 0;
  /** Writes that were done. */
  done = 0;

  constructor(workload: Workload, seed: number) {
    this.#workload = workload;
    this.#random = seededRandom(seed + 1);
  }

  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#writers = Array.from({ length: WRITERS }, () => this.#write());
  }

  async stop(): Promise<void> {
    this.#on = false;
    await Promise.all(this.#writers);
    this.#writers = [];
  }

  /** Waits until so many more writes are done. */
  async writes(count: number): Promise<void> {
    for (const goal = this.done + count; this.done < goal; ) await new Promise((r) => setTimeout(r, 10));
  }

  async #write(): Promise<void> {
    while (this.#on) {
      const begin = performance.now();
      try {
        await this.#workload.churn(1);
        this.done++;
      } catch {
        this.failed++; // the API server is away, or refuses
      }
      const rest = (WRITERS * 1000) / this.rate - (performance.now() - begin);
      await new Promise((r) => setTimeout(r, Math.max(0, rest * (0.5 + this.#random()))));
    }
  }
}
