import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../src/exporters/queued-exporter.ts';
import { sendByKey } from '../../src/exporters/send-by-key.ts';

const records = (...names: string[]) => names.map((name) => ({ name, key: name.slice(0, 1) }));

test('no two records of a key are on their way at a time, and other keys do not wait', async () => {
  const sent: string[] = [];
  const answers = new Map<string, (verdict: Verdict) => void>();
  const all = sendByKey(records('a1', 'a2', 'b1', 'c1', 'b2'), ({ name }) => {
    sent.push(name);
    return new Promise<Verdict>((resolve) => answers.set(name, resolve));
  });
  const answer = async (name: string, verdict: Verdict): Promise<void> => {
    answers.get(name)?.(verdict);
    await new Promise(setImmediate);
  };
  assert.deepEqual(sent, ['a1', 'b1', 'c1']);
  await answer('b1', 'stored');
  assert.deepEqual(sent, ['a1', 'b1', 'c1', 'b2']);
  await answer('a1', 'again');
  await answer('c1', { code: 'RECORD_REJECTED', reason: 'r' });
  await answer('b2', 'stored');
  assert.deepEqual(await all, ['again', 'again', 'stored', { code: 'RECORD_REJECTED', reason: 'r' }, 'stored']);
  assert.deepEqual(sent, ['a1', 'b1', 'c1', 'b2'], 'what stands behind one that is sent again is not sent');
});

test('what is set aside does not hold up the records behind it', async () => {
  const aside: Verdict = { code: 'RECORD_TOO_LARGE', reason: 'r' };
  assert.deepEqual(await sendByKey(records('a1', 'a2'), ({ name }) => (name === 'a1' ? aside : 'stored')), [
    aside,
    'stored',
  ]);
});
