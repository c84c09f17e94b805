import type { Quarantine } from '../model/quarantine.ts';
import type { StreamPlan } from '../transform/plan.ts';
import { copyOfWork, type Work, type WorkResult } from '../transform/work.ts';
import type { ShardSet } from './shard-set.ts';

/** The parts that a stream is split into, mostly one: to the shard it lives on each is a stream of its own. */
export class StreamParts {
  readonly #stream: string;
  readonly #plans: readonly StreamPlan[];
  /** One a part. */
  readonly #shards: readonly number[];
  readonly #set: ShardSet;

  constructor(stream: string, plans: readonly StreamPlan[], shards: readonly number[], set: ShardSet) {
    this.#stream = stream;
    this.#plans = plans;
    this.#shards = shards;
    this.#set = set;
  }

  get count(): number {
    return this.#plans.length;
  }

  /** @param key of a stream, as the tasks of shards name it */
  has(key: string): boolean {
    return this.#plans.some((_, i) => this.#key(i) === key);
  }

  /** The shards know nothing of the stream yet but its rules, and what they have to set aside. */
  async open(generation: number, quarantine: Quarantine | undefined): Promise<void> {
    for (const [i, plan] of this.#plans.entries()) {
      const open = { type: 'open', stream: this.#key(i), plan: { ...plan, generation } } as const;
      await this.#set.control(this.#shards[i]!, quarantine === undefined ? open : { ...open, quarantine });
    }
  }

  /** Objects that are known; each shard takes its share. */
  async seed(packed: ArrayBuffer): Promise<void> {
    const last = this.count - 1;
    for (const i of this.#plans.keys()) {
      const copy = i === last ? packed : packed.slice(0);
      await this.#set.control(this.#shards[i]!, { type: 'seed', stream: this.#key(i), packed: copy });
    }
  }

  async close(): Promise<void> {
    for (const i of this.#plans.keys())
      await this.#set.control(this.#shards[i]!, { type: 'close', stream: this.#key(i) });
  }

  /** All that the shards know of the stream. @throws WatershardError WORKER_CRASHED */
  async dump(): Promise<ArrayBuffer[]> {
    const parts = await Promise.all(this.#plans.map((_, i) => this.#set.dump(this.#shards[i]!, this.#key(i))));
    return parts.flat();
  }

  /** @returns one a part, as each of them takes its own objects out of the same work. @throws WatershardError WORKER_CRASHED */
  async work(work: Work): Promise<readonly WorkResult[]> {
    const last = this.count - 1;
    const part = (i: number): Promise<WorkResult> =>
      this.#set.work(this.#shards[i]!, this.#key(i), i === last ? work : copyOfWork(work));
    // Every shard answers in the order it was asked, so these come in order too.
    return last === 0 ? [await part(0)] : await Promise.all(this.#plans.map((_, i) => part(i)));
  }

  #key(part: number): string {
    return this.count === 1 ? this.#stream : `${this.#stream}#${part}`;
  }
}
