import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Message, OpenBatch } from '../../src/exporters/jetstream/message.ts';
import { KeyedWindow } from '../../src/exporters/jetstream/window.ts';
import { makeBatch, PODS, type TestRecord } from '../support/batches.ts';

const LIMITS = { messages: 4, bytes: 1000 };
const record = (name: string, version: number, bytes = 10): TestRecord => ({
  name,
  version,
  payload: new Uint8Array(bytes),
});

function open(limits = LIMITS): { window: KeyedWindow; acks: OpenBatch[]; take: () => Message[] } {
  const acks: OpenBatch[] = [];
  const window = new KeyedWindow(limits, (batch) => acks.push(batch));
  const take = (): Message[] => {
    const taken: Message[] = [];
    for (let m = window.next(); m !== undefined; m = window.next()) taken.push(m);
    return taken;
  };
  return { window, acks, take };
}

test('of one key only one message is in flight, others pass it', () => {
  const { window, take } = open();
  window.add(makeBatch({ sequence: 1, records: [record('a', 1), record('a', 2), record('b', 1), record('a', 3)] }));
  const [a1, b1] = take();
  assert.deepEqual([a1?.id, b1?.id, window.inFlight.size, window.queued], ['uid-a:1', 'uid-b:1', 2, 2]);
  window.settle(a1 as Message, true);
  assert.deepEqual(
    take().map((m) => m.id),
    ['uid-a:2'],
  );
});

test('holds to the limits of messages and bytes, but lets a larger message go alone', () => {
  const { window, take } = open({ messages: 2, bytes: 100 });
  window.add(
    makeBatch({
      sequence: 1,
      records: [record('a', 1), record('b', 1), record('c', 1), record('d', 1, 500), record('e', 1)],
    }),
  );
  const first = take();
  assert.equal(first.length, 2);
  window.settle(first[0] as Message, true);
  const [c] = take();
  window.settle(first[1] as Message, true);
  assert.equal(take().length, 0);
  window.settle(c as Message, true);
  const [d] = take();
  assert.equal(d?.bytes, 500);
  assert.equal(take().length, 0);
  window.settle(d as Message, true);
  assert.equal(take()[0]?.id, 'uid-e:1');
});

test('a message that is not answered waits twice as long each time it is sent, up to eightfold', () => {
  const { window, take } = open();
  window.add(makeBatch({ sequence: 1, records: [record('a', 1)] }));
  const [message] = take() as [Message];
  message.sentAt = 10_000;
  const due = [1, 2, 3, 4, 5, 9].map((attempts) => {
    message.unansweredAttempts = attempts;
    for (let at = message.sentAt; ; at += 100) if (window.unanswered(1000, at).length > 0) return at - 10_000;
  });
  assert.deepEqual(due, [1100, 2100, 4100, 8100, 8100, 8100]);
});

test('a parked message keeps its key and its batch, but no room; it comes back with a new token', () => {
  const { window, acks, take } = open({ messages: 1, bytes: 100 });
  window.add(makeBatch({ sequence: 1, records: [record('a', 1, 100), record('a', 2), record('b', 1)] }));
  const [a1] = take() as [Message];
  const { token } = a1;
  window.park(a1);
  assert.deepEqual([window.parked, window.bytesInFlight, window.inFlight.size], [1, 0, 0]);
  const [b1] = take() as [Message];
  assert.equal(b1.id, 'uid-b:1');
  window.settle(b1, true);
  assert.equal(take().length, 0);
  window.unpark(a1);
  assert.notEqual(a1.token, token);
  assert.deepEqual([window.parked, window.bytesInFlight, window.idle], [0, 100, false]);
  window.settle(a1, true);
  window.settle(take()[0] as Message, true);
  assert.deepEqual([acks.length, window.bytesInFlight, window.idle], [1, 0, true]);
});

test('what is set aside lets the next of its key go, and holds its batch back', async () => {
  const { window, acks, take } = open();
  window.add(makeBatch({ sequence: 1, records: [record('a', 1), record('a', 2)] }));
  window.add(makeBatch({ sequence: 2, records: [record('b', 1)] }));
  const [a1, b1] = take() as [Message, Message];
  const letter = Promise.withResolvers<void>();
  const aside = window.setAside(a1, letter.promise);
  window.settle(b1, true);
  window.settle(take()[0] as Message, true);
  assert.deepEqual([acks.length, window.inFlight.size, window.idle], [0, 0, false]);
  letter.resolve();
  await aside;
  assert.deepEqual(
    acks.map((batch) => [batch.sequence, batch.stored]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  assert.equal(window.idle, true);
});

test('acknowledges the batches of a stream in their order, empty ones too', () => {
  const { window, acks, take } = open();
  window.add(makeBatch({ sequence: 1, records: [record('a', 1)] }));
  window.add(makeBatch({ sequence: 2, records: [] }));
  window.add(makeBatch({ sequence: 3, records: [record('b', 1)] }));
  const [a, b] = take();
  window.settle(b as Message, true);
  assert.equal(acks.length, 0);
  window.settle(a as Message, true);
  assert.deepEqual(
    acks.map((x) => x.sequence),
    [1, 2, 3],
  );
  assert.ok(window.idle);
});

test('a stream that begins again voids what is left, sends no more of it, and keeps the order of keys with it', () => {
  const { window, acks, take } = open();
  window.add(makeBatch({ sequence: 1, records: [record('a', 1), record('a', 2), record('a', 3)] }));
  window.add(makeBatch({ sequence: 2, records: [record('z', 1)] }));
  const [a1, z1] = take();
  window.open(PODS.id, 2);
  window.add(makeBatch({ incarnation: 2, sequence: 1, records: [record('a', 1), record('b', 1)] }));
  window.add(makeBatch({ incarnation: 1, sequence: 3, records: [record('late', 1)] }));
  assert.deepEqual(
    take().map((m) => m.id),
    ['uid-b:1'],
    'a waits for the one that is in flight',
  );
  window.settle(a1 as Message, true);
  const [again] = take();
  assert.deepEqual([again?.id, again?.batch.incarnation], ['uid-a:1', 2]);
  window.settle(z1 as Message, true);
  for (const m of [...window.inFlight.values()]) window.settle(m, true);
  assert.deepEqual(
    acks.filter((b) => !b.void).map((b) => [b.incarnation, b.sequence]),
    [[2, 1]],
  );
  assert.ok(window.idle);
  assert.equal(window.bytesInFlight, 0);
});

test('whatever the answers and restarts: keys keep their order, everything is settled, acknowledgements rise', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        stream: fc.nat(1),
        keys: fc.array(fc.nat(5), { maxLength: 12 }),
      }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('settle' as const), pick: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), stream: fc.nat(1) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { window, acks, take } = open({ messages: 5, bytes: 60 });
      const states = [0, 1].map((i) => ({ stream: { ...PODS, id: `s${i}` }, incarnation: 1, sequence: 0, version: 0 }));
      const busy = new Set<string>();
      const seen = new Map<string, number>();
      const sendAll = (): void => {
        for (const { key, batch, id } of take()) {
          assert.ok(!busy.has(key), 'one in flight a key');
          busy.add(key);
          const version = Number(id.slice(id.indexOf(':') + 1));
          assert.ok(!batch.void && version > (seen.get(key) ?? 0), 'a newer state each time');
          seen.set(key, version);
        }
        assert.ok(window.inFlight.size <= 5 && (window.bytesInFlight <= 60 || window.inFlight.size === 1));
      };
      const settle = (message: Message | undefined): void => {
        if (message === undefined) return;
        busy.delete(message.key);
        window.settle(message, true);
      };
      for (const action of steps) {
        if (action.do === 'settle')
          settle([...window.inFlight.values()][action.pick % Math.max(1, window.inFlight.size)]);
        else {
          const state = states[action.stream] as (typeof states)[number];
          if (action.do === 'restart') {
            window.open(state.stream.id, ++state.incarnation);
            state.sequence = 0;
          } else {
            const records = action.keys.map((k) => record(`${state.stream.id}-${k}`, ++state.version, 5 + k * 5));
            window.add(
              makeBatch({ stream: state.stream, incarnation: state.incarnation, sequence: ++state.sequence, records }),
            );
          }
        }
        sendAll();
      }
      while (window.inFlight.size > 0) {
        settle(window.inFlight.values()[0]);
        sendAll();
      }
      assert.ok(window.idle && window.queued === 0 && window.bytesInFlight === 0);
      for (const { stream, incarnation, sequence } of states) {
        const told = acks
          .filter((b) => !b.void && b.stream === stream.id && b.incarnation === incarnation)
          .map((b) => b.sequence);
        assert.deepEqual(
          told,
          Array.from({ length: sequence }, (_, i) => i + 1),
        );
      }
    }),
  );
});
