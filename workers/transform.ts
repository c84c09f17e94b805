import { isMainThread, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { giveMemory } from '../src/model/batch-memory.ts';
import { WorkTrace } from '../src/model/work-trace.ts';
import type { ShardData, ShardTask } from '../src/shard/protocol.ts';
import { KnownTable } from '../src/transform/known-table.ts';
import type { StreamPlan } from '../src/transform/plan.ts';
import { StreamTransform } from '../src/transform/stream-transform.ts';
import type { Work } from '../src/transform/work.ts';

if (isMainThread) throw new Error('workers/transform is a thread entry; it is started by src/shard');

const { shard, trace: shared } = workerData as ShardData;
const trace = new WorkTrace(shared);

/** A shard's streams, each with its plan and its known objects. */
const streams = new Map<string, StreamTransform>();

function transformOf(stream: string): StreamTransform {
  const transform = streams.get(stream);
  if (transform === undefined) throw new Error(`stream ${stream} is not open on shard ${shard}`);
  return transform;
}

/** An answer, with the buffers in it moved to the main thread. */
function moved(value: unknown, buffers: readonly ArrayBuffer[]): unknown {
  return move({ [transferableSymbol]: buffers, [valueSymbol]: value } as never);
}

export default function run(task: ShardTask<StreamPlan, Work>): unknown {
  trace.task(task.stream);
  try {
    return answer(task);
  } finally {
    trace.idle();
  }
}

function answer(task: ShardTask<StreamPlan, Work>): unknown {
  switch (task.type) {
    case 'open':
    case 'close':
      streams.get(task.stream)?.close();
      streams.delete(task.stream);
      if (task.type === 'open')
        streams.set(task.stream, new StreamTransform(task.plan, new KnownTable(), task.quarantine, trace));
      return undefined;
    case 'seed':
      return transformOf(task.stream).seed(task.packed);
    case 'dump': {
      const chunks = transformOf(task.stream).dump();
      return moved(chunks, chunks);
    }
    case 'work': {
      const result = transformOf(task.stream).apply(task.work);
      if ('bytes' in task.work) giveMemory(task.work.bytes.buffer);
      return moved(result, [result.delta, ...result.lanes.filter((lane) => lane !== null)]);
    }
  }
}
