import { Worker } from 'node:worker_threads';
import { WorkerThread } from '../../src/shard/threads.ts';
import type { Micro } from './measure.ts';

const HOPS = 500;
const BYTES = 128 * 1024;
const ECHO = new URL('./echo-thread.ts', import.meta.url);

/** A batch to a worker thread and back, one after the other. */
export function threadHop(): Micro {
  const thread = new WorkerThread(ECHO);
  const plain = new Worker(ECHO, { workerData: 'plain' });
  let answered: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined;
  plain.on('message', (bytes: Uint8Array<ArrayBuffer>) => answered(bytes));
  return {
    name: 'thread hop',
    item: 'batch of 128 KiB there and back',
    items: HOPS,
    bytes: HOPS * BYTES,
    work: async () => {
      let bytes = new Uint8Array(BYTES);
      for (let i = 0; i < HOPS; i++) bytes = await thread.run<Uint8Array<ArrayBuffer>>(bytes, [bytes.buffer]);
    },
    floor: {
      name: 'postMessage',
      work: async () => {
        let bytes = new Uint8Array(BYTES);
        for (let i = 0; i < HOPS; i++) {
          const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
          answered = resolve;
          plain.postMessage(bytes, [bytes.buffer]);
          bytes = await promise;
        }
      },
    },
    close: async () => {
      await thread.close();
      await plain.terminate();
    },
  };
}
