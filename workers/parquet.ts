import { isMainThread } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { answerBuffers, ParquetEncoder } from '../src/exporters/parquet/encoder.ts';
import type { EncoderTask } from '../src/exporters/parquet/protocol.ts';
import { release } from '../src/model/release.ts';

if (isMainThread) throw new Error('workers/parquet is a thread entry; it is started by src/shard');

const encoder = new ParquetEncoder();

export default function run(task: EncoderTask): unknown {
  const answer = encoder.run(task);
  if (task.type === 'append') release(task.lane);
  if (answer.files.length === 0) return answer;
  const buffers = answerBuffers(answer);
  return Piscina.move({
    get [Piscina.transferableSymbol]() {
      return buffers;
    },
    get [Piscina.valueSymbol]() {
      return answer;
    },
  } as never);
}
