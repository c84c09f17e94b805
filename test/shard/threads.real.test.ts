import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { errorMessage, WatershardError } from '../../src/model/errors.ts';
import { WorkerThread, type WorkerThreadOptions } from '../../src/shard/threads.ts';
import type { FragileTask } from '../fixtures/fragile-worker.ts';
import { until } from '../support/until.ts';

const FRAGILE = new URL('../fixtures/fragile-worker.ts', import.meta.url);
const crashed = (error: unknown): boolean => error instanceof WatershardError && error.code === 'WORKER_CRASHED';
const says = (text: RegExp) => (error: unknown) => crashed(error) && text.test(errorMessage(error));

describe('a worker thread', () => {
  const threads: WorkerThread[] = [];
  const crashes: WatershardError[] = [];
  function open(options: WorkerThreadOptions = {}, url = FRAGILE): WorkerThread {
    const thread = new WorkerThread(url, { onCrash: (error) => crashes.push(error), ...options });
    threads.push(thread);
    return thread;
  }
  const run = (thread: WorkerThread, task: FragileTask): Promise<number> => thread.run<number>(task);
  const count = (thread: WorkerThread): Promise<number> => run(thread, { do: 'count' });

  /** Two tasks, the one that ends the thread, and 50 behind it. */
  async function crash(thread: WorkerThread, task: FragileTask): Promise<PromiseSettledResult<number>[]> {
    const all = [count(thread), count(thread), run(thread, task)];
    for (let i = 0; i < 50; i++) all.push(count(thread));
    const results = await Promise.allSettled(all);
    assert.deepEqual(
      results.slice(0, 2).map((r) => r.status === 'fulfilled' && r.value),
      [1, 2],
    );
    for (const r of results.slice(2)) assert.ok(r.status === 'rejected' && crashed(r.reason), JSON.stringify(r));
    return results;
  }

  async function revives(thread: WorkerThread): Promise<void> {
    await assert.rejects(count(thread), crashed);
    assert.equal(crashes.length, 1);
    await thread.revive();
    assert.equal(await count(thread), 1, 'it begins with nothing, and nothing of before has run on it');
    assert.equal(await count(thread), 2);
  }

  afterEach(async () => {
    await Promise.all(threads.splice(0).map((t) => t.close()));
    crashes.length = 0;
  });

  test('answers 1000 tasks in the order they were asked', async () => {
    const thread = open();
    const order: number[] = [];
    await Promise.all(Array.from({ length: 1000 }, () => count(thread).then((n) => order.push(n))));
    assert.deepEqual(
      order,
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
  });

  test('an ordinary error is no crash', async () => {
    const thread = open();
    assert.equal(await count(thread), 1);
    await assert.rejects(run(thread, { do: 'throw' }), { name: 'RangeError', message: 'an ordinary error' });
    assert.equal(await count(thread), 2);
    assert.deepEqual(crashes, []);
  });

  test('process.exit: what waits is refused, and runs on no fresh state', async () => {
    const thread = open();
    const results = await crash(thread, { do: 'exit' });
    assert.match(errorMessage((results[2] as PromiseRejectedResult).reason), /exited with code: 3/);
    await revives(thread);
  });

  test('an error thrown in the next tick', async () => {
    const thread = open();
    const results = await crash(thread, { do: 'throw-later' });
    assert.match(errorMessage((results[2] as PromiseRejectedResult).reason), /thrown in the next tick/);
    await revives(thread);
  });

  test('out of memory ends the thread and not the process', async () => {
    const thread = open({ heapBytes: 24 * 2 ** 20 });
    await crash(thread, { do: 'allocate' });
    assert.match(errorMessage(crashes[0]), /memory/);
    await revives(thread);
  });

  test('a task that never ends is ended by the watchdog', async () => {
    const thread = open({ taskTimeout: 800 });
    await crash(thread, { do: 'loop' });
    assert.match(errorMessage(crashes[0]), /a task took longer than 800 ms/);
    await revives(thread);
  });

  test('the watchdog leaves alone many tasks that take longer together, and a thread without tasks', async () => {
    const thread = open({ taskTimeout: 1000 });
    await Promise.all(Array.from({ length: 12 }, () => run(thread, { do: 'sleep', ms: 150 })));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(await count(thread), 13);
    assert.deepEqual(crashes, []);
  });

  test('a thread that exits while idle is not replaced unnoticed', async () => {
    const thread = open();
    assert.equal(await run(thread, { do: 'exit-idle' }), 1);
    await until('the crash is told', () => crashes.length > 0, 10);
    await revives(thread);
  });

  test('an entry that does not load: the cause is told, starts get slower, and it is given up', async () => {
    const thread = open({ workerData: { broken: true } });
    const begun = performance.now();
    let starts = 0;
    await assert.rejects(
      async () => {
        for (; ; starts++) {
          await assert.rejects(count(thread), says(/before it had done anything.*it does not load/));
          await thread.revive();
        }
      },
      { code: 'WORKER_UNUSABLE' },
    );
    assert.equal(starts, 4);
    assert.ok(performance.now() - begun > 1000);
    await assert.rejects(thread.revive(), { code: 'WORKER_UNUSABLE' });
  });

  test('an entry that is not there', async () => {
    const thread = open({}, new URL('../fixtures/absent-worker.ts', import.meta.url));
    await until('the crash is told, though no task waits', () => crashes.length > 0, 10);
    await assert.rejects(count(thread), crashed);
    assert.match(errorMessage(crashes[0]), /absent-worker/);
  });

  test('close is idempotent, also after a crash; a closed thread refuses and does not come back', async () => {
    const thread = open();
    assert.equal(await count(thread), 1);
    const waiting = run(thread, { do: 'sleep', ms: 5000 });
    const refused = assert.rejects(waiting, crashed);
    await Promise.all([thread.close(), thread.close()]);
    await thread.close();
    await refused;
    await thread.revive();
    await assert.rejects(count(thread), crashed);
    const other = open();
    await assert.rejects(run(other, { do: 'exit' }), crashed);
    await other.close();
    await other.close();
    assert.equal(crashes.length, 1, 'to close is no crash');
  });
});
