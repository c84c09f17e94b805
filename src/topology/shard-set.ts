import type { WatershardError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { ShardStatus } from '../model/status.ts';
import { type Culprit, WorkTrace } from '../model/work-trace.ts';
import { shardOf } from '../shard/assignment.ts';
import type { FlowConfig } from '../shard/config.ts';
import { type ShardData, type ShardTask, workBuffers } from '../shard/protocol.ts';
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

export interface ShardSetOptions {
  readonly count: number;
  readonly flow: Pick<FlowConfig, 'taskTimeout' | 'workerHeap'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** A thread has ended: what its shard knew, and what was on its way there, is void. @param culprit what it was doing */
  readonly onCrash: (shard: number, culprit: Culprit | undefined) => void;
  /** It is replaced, and the streams on it can begin again. */
  readonly onRevived: (shard: number, error: WatershardError) => void;
  /** It cannot be replaced. */
  readonly onFatal: (error: unknown) => void;
}

/** The transform threads. A thread that ends is replaced; the streams on it are then told to begin again. */
export class ShardSet {
  readonly #shards: readonly Shard[];
  readonly #options: ShardSetOptions;

  constructor(options: ShardSetOptions) {
    this.#options = options;
    const { metrics, flow } = options;
    this.#shards = Array.from({ length: options.count }, (_, index) => {
      const trace = new WorkTrace();
      const workerData: ShardData = { shard: index, trace: trace.shared };
      const thread = new WorkerThread('transform', {
        workerData,
        taskTimeout: flow.taskTimeout,
        heapBytes: flow.workerHeap,
        onCrash: (error) => {
          const culprit = trace.read();
          trace.idle();
          this.#crashed(this.#shards[index]!, error, culprit);
        },
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
    try {
      const result = await shard.thread.run<WorkResult>(task, 'bytes' in work ? workBuffers(work) : []);
      shard.batches++;
      shard.records += result.records;
      shard.batchCount.inc();
      shard.recordCount.inc(result.records);
      return result;
    } finally {
      if (restarts === shard.restarts) shard.queueBytes -= bytes;
    }
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

  #crashed(shard: Shard, error: WatershardError, culprit: Culprit | undefined): void {
    const { metrics, logger, onCrash, onRevived, onFatal } = this.#options;
    const { index } = shard;
    shard.restarts++;
    shard.queueBytes = 0;
    metrics.shardRestarts.inc({ shard: String(index) });
    logger.error(
      { shard: index, stream: culprit?.stream, err: error },
      'a worker thread ended and is replaced; its streams go on from their last commit',
    );
    onCrash(index, culprit);
    shard.thread.revive().then(() => onRevived(index, error), onFatal);
  }
}
