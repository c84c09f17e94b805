import { isMainThread } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { WatershardError } from '../src/model/errors.ts';
import type { StoreAnswer, StoreTask } from '../src/state/embedded/protocol.ts';
import { StoreThread } from '../src/state/embedded/store-thread.ts';

/* Thread entry of the embedded state store: node:sqlite blocks, so it has a thread of its own. */
if (isMainThread) throw new WatershardError('INTERNAL', 'workers/store runs in a worker thread only');

const thread = new StoreThread();

export default function store(task: StoreTask): unknown {
  const answer: StoreAnswer = thread.handle(task);
  if (!answer.ok || answer.transfer.length === 0) return answer;
  // The list that names the buffers must not name them in the answer itself, where they would be looked at after the move.
  return move({ [transferableSymbol]: answer.transfer, [valueSymbol]: { ...answer, transfer: [] } });
}
