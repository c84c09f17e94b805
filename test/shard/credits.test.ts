import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Credits } from '../../src/shard/credits.ts';

/** Whether a reader that was told to wait goes on. */
async function woken(wait: Promise<void> | undefined): Promise<boolean> {
  assert.notEqual(wait, undefined);
  let went = false;
  void wait?.then(() => {
    went = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return went;
}

test('a stream waits at its own limit, and all of them at that of all', async () => {
  const credits = new Credits(100, 60);
  assert.equal(credits.take('a', 50), undefined);
  const a = credits.take('a', 10);
  assert.equal(await woken(a), false);
  const b = credits.take('b', 40);
  assert.equal(await woken(b), false);
  credits.give('b', 1);
  assert.deepEqual([await woken(a), await woken(b)], [false, true]);
  credits.release('a');
  assert.equal(await woken(a), true);
  assert.equal(credits.inFlight, 39);
});

test('what is charged counts for all, never waits, and stays when a stream begins again', async () => {
  const credits = new Credits(100, 100);
  credits.charge('letters', 120);
  const wait = credits.take('a', 10);
  assert.equal(await woken(wait), false);
  credits.release('a');
  const again = credits.take('a', 10);
  assert.equal(await woken(again), false);
  credits.give('letters', 120);
  assert.equal(await woken(again), true);
  assert.equal(credits.inFlight, 10);
});
