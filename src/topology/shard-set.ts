import type { WatershardError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { ShardStatus } from '../model/status.ts';
import { shardOf } from '../shard/hash.ts';
import { type ShardTask, workBuffers } from '../shard/protocol.ts';
import { WorkerThread } from '../shard/threads.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { StreamPlan } from '../transform/plan.ts';
import type { Work, WorkResult } from '../transform/work.ts';

interface Shard {
  readonly index: number;
  readonly thread: WorkerThread;
  queueBytes: number;
  batches: number;
  records: number;
  restarts: number;
  readonly batchCount: { inc(): void };
  readonly recordCount: { inc(by: number): void };
}

/** The transform threads. A thread that ends is replaced; the streams on it are then told to begin again. */
export class ShardSet {
  readonly #shards: readonly Shard[];

  /** @param onCrash called after the thread was replaced, with the index of the shard, which knows nothing now */
  constructor(
    count: number,
    metrics: Metrics,
    logger: Logger,
    onCrash: (shard: number, error: WatershardError) => void,
  ) {
    this.#shards = Array.from({ length: count }, (_, index) => {
      const thread = new WorkerThread('transform', { shard: index }, (error) => {
        const shard = this.#shards[index]!;
        shard.restarts++;
        shard.queueBytes = 0;
        metrics.shardRestarts.inc({ shard: String(index) });
        logger.error(
          { shard: index, err: error },
          'a worker thread ended and is replaced; its streams go on from their last commit',
        );
        thread.revive().then(
          () => onCrash(index, error),
          (e: unknown) => logger.fatal({ shard: index, err: e }, 'a worker thread could not be replaced'),
        );
      });
      const label = { shard: String(index) };
      const counters = {
        batchCount: metrics.shardBatches.labels(label),
        recordCount: metrics.shardRecords.labels(label),
      };
      return { index, thread, queueBytes: 0, batches: 0, records: 0, restarts: 0, ...counters };
    });
  }

  get count(): number {
    return this.#shards.length;
  }

  /** The shards that a resource's stream lives on: one, or as many as it is split into. */
  assign(resource: Resource, split: number): number[] {
    const first = shardOf(resource, this.count);
    return Array.from({ length: split }, (_, i) => (first + i) % this.count);
  }

  async control(shard: number, task: ShardTask<StreamPlan, Work>): Promise<void> {
    await this.#shards[shard]!.thread.run(task, task.type === 'seed' ? [task.packed] : []);
  }

  /** All that a shard knows of a stream. @throws WatershardError WORKER_CRASHED */
  async dump(shard: number, key: string): Promise<ArrayBuffer[]> {
    const task: ShardTask<StreamPlan, Work> = { type: 'dump', stream: key };
    return await this.#shards[shard]!.thread.run<ArrayBuffer[]>(task);
  }

  /** @throws WatershardError WORKER_CRASHED */
  async work(index: number, key: string, work: Work): Promise<WorkResult> {
    const shard = this.#shards[index]!;
    const bytes = 'bytes' in work ? work.bytes.length : 0;
    shard.queueBytes += bytes;
    const restarts = shard.restarts;
    const task: ShardTask<StreamPlan, Work> = { type: 'work', stream: key, work };
    const result = await shard.thread.run<WorkResult>(task, 'bytes' in work ? workBuffers(work) : []);
    if (restarts === shard.restarts) shard.queueBytes -= bytes;
    shard.batches++;
    shard.records += result.records;
    shard.batchCount.inc();
    shard.recordCount.inc(result.records);
    return result;
  }

  status(): ShardStatus[] {
    return this.#shards.map(({ index, queueBytes, batches, records, restarts }) => ({
      index,
      queueBytes,
      batches,
      records,
      restarts,
    }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((s) => s.thread.close()));
  }
}
