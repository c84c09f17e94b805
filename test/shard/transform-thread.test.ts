import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkTrace } from '../../src/model/work-trace.ts';
import { WorkerThread } from '../../src/shard/threads.ts';
import type { WorkResult } from '../../src/transform/work.ts';
import type { TransformTask } from '../fixtures/transform-thread.ts';
import { item, NOW, pod, podPlan } from '../support/transforming.ts';

const ENTRY = new URL('../fixtures/transform-thread.ts', import.meta.url);
const OBJECTS = 10_000;

test('a stream that begins again, or is closed, gives back the memory of what it knew', async () => {
  const thread = new WorkerThread(ENTRY, { workerData: { shard: 0, trace: new WorkTrace().shared } });
  const run = <Answer>(task: TransformTask): Promise<Answer> => thread.run<Answer>(task);
  const items = Array.from({ length: OBJECTS }, (_, i) => item(pod(`web-${i}`, 1)));
  const page = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '50' }, items }));
  try {
    let knownBytes = 0;
    for (let i = 0; i < 60; i++) {
      await run({ type: 'open', stream: 'pods', plan: podPlan() });
      const work = { type: 'page', bytes: new Uint8Array(page), observedAt: NOW } as const;
      const result = await run<WorkResult>({ type: 'work', stream: 'pods', work });
      assert.equal(result.knownObjects, OBJECTS);
      knownBytes += result.knownBytes;
      if (i % 2 === 1) await run({ type: 'close', stream: 'pods' });
    }
    // A slab has 128 pieces, 32 MiB: as much was known in all, but never at once.
    assert.ok(knownBytes > 32 * 2 ** 20, `${knownBytes} bytes`);
    assert.equal(await run({ type: 'memories', pieces: 128 }), 1);
  } finally {
    await thread.close();
  }
});
