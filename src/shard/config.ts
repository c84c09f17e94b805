import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { LONGEST_TIMER, parseBytes, parseDuration } from '../model/units.ts';

const MIB = 2 ** 20;
/** It loads in 10 MiB; with less than 4, V8 ends the process and not the thread. */
const LEAST_HEAP = 32 * MIB;

const bytes = z.union([z.string(), z.number()]).transform((value, context) => {
  const parsed = parseBytes(String(value));
  if (parsed !== undefined && parsed >= MIB) return parsed;
  context.addIssue({ code: 'custom', message: 'not a size of at least 1MiB; write it like 64MiB or 100MB' });
  return z.NEVER;
});

const duration = z.string().transform((value, context) => {
  const parsed = parseDuration(value);
  if (parsed !== undefined && parsed >= 1000 && parsed <= LONGEST_TIMER) return parsed;
  context.addIssue({
    code: 'custom',
    message: 'not a duration of at least 1s and at most 24 days; write it like 30s or 2m',
  });
  return z.NEVER;
});

export const workersConfig = z
  .int()
  .min(1)
  .max(256)
  .default(() => Math.max(1, availableParallelism() - 1))
  .meta({
    description: 'Worker threads, one shard each. By default one less than there are cores, at least 1.',
    'x-default': 'cores - 1',
  });

export const flowConfig = z
  .strictObject({
    bytesInFlight: bytes
      .prefault('128MiB')
      .describe(
        'Bytes that may be between the sockets and the acknowledgements, over all streams. When they are used up, nothing is read. Size.',
      ),
    bytesPerStream: bytes.optional().meta({
      description:
        'The same for one stream, so that a busy one does not hold up the others. At most bytesInFlight. Size.',
      'x-default': '8MiB, or bytesInFlight where that is less',
    }),
    taskTimeout: duration
      .prefault('60s')
      .describe(
        'A worker thread that is busy with one batch for longer is taken to be in an endless evaluation, and is replaced. Duration.',
      ),
    workerHeap: bytes
      .refine((size) => size >= LEAST_HEAP, 'less than the 32MiB that a worker thread needs to start')
      .prefault('1GiB')
      .describe(
        'JavaScript heap of one worker thread, beside the known objects, which are not in it. A thread that needs more is replaced. Size.',
      ),
  })
  .describe('Flow control.');

export type FlowConfig = z.output<typeof flowConfig>;

export function bytesPerStream(flow: FlowConfig): number {
  return flow.bytesPerStream ?? Math.min(8 * MIB, flow.bytesInFlight);
}
