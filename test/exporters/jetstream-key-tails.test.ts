import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyTails } from '../../src/exporters/jetstream/key-tails.ts';
import { Message } from '../../src/exporters/jetstream/message.ts';
import { KeyedWindow } from '../../src/exporters/jetstream/window.ts';
import { makeBatch } from '../support/batches.ts';

const payload = new Uint8Array(10);
const BUCKETS = 2 ** 14;

/** A message of a key with this hash. */
function messageOf(hash: number): Message {
  const window = new KeyedWindow({ messages: 1, bytes: 1000 }, () => undefined);
  window.add(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, payload }] }));
  const { batch } = window.next() as Message;
  const message = new Message(batch, 0);
  message.keyHash = hash;
  return message;
}

test('keys that share a bucket are told apart, whichever goes first', () => {
  for (const gone of [0, 1, 2]) {
    const tails = new KeyTails();
    const messages = [7, 7 + BUCKETS, 7 + 2 * BUCKETS].map(messageOf);
    for (const message of messages) assert.equal(tails.replace(message), undefined);
    tails.remove(messages[gone] as Message);
    for (const [i, message] of messages.entries()) {
      const next = messageOf(message.keyHash);
      assert.equal(tails.replace(next), i === gone ? undefined : message);
      assert.equal(tails.replace(messageOf(message.keyHash)), next);
    }
  }
});

test('a message that was stored becomes that of another record, with nothing of the one before', () => {
  const window = new KeyedWindow({ messages: 1, bytes: 1000 }, () => undefined);
  const next = (): Message => {
    const message = window.next() as Message;
    window.sent(message, Date.now());
    return message;
  };
  const records = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, version: 1, payload }));
  window.add(makeBatch({ sequence: 1, records }));
  const a = next();
  const { token } = a;
  window.settle(a, true);
  const b = next();
  assert.deepEqual([b === a, b.id, b.attempts, b.unansweredAttempts], [true, 'uid-b:1', 1, 1]);
  assert.equal(window.inFlight.get(token), undefined, 'a late answer is not one to the record that came next');
  // What was the matter with one must not stick to another.
  b.reference = payload;
  window.settle(b, true);
  const c = next();
  assert.deepEqual([c === b, c.reference], [false, undefined]);
  c.headers = payload;
  window.settle(c, true);
  const d = next();
  assert.deepEqual([d === c, d.headers], [false, undefined]);
  window.sent(d, Date.now());
  window.settle(d, true);
  assert.notEqual(next(), d, 'it was sent twice: an answer may still be on its way');
});
