import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { DeltaWriter, readDelta } from '../../src/model/delta.ts';
import { RedisStateStore } from '../../src/state/redis/store.ts';
import type { StateSession } from '../../src/state/state.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { RedisPair } from '../support/servers/redis-pair.ts';
import { commitOf, identity, knownOf, position } from '../support/state-contract.ts';
import { until } from '../support/until.ts';

let pair: RedisPair;
before(async () => {
  pair = await RedisPair.start();
});
after(() => pair.stop());

const sessions = new Set<StateSession>();
beforeEach(async () => {
  await pair.rejoin();
  await pair.primary.admin.flushall();
  await pair.caughtUp();
});
afterEach(async () => {
  await Promise.all([...sessions].map((s) => s.close()));
  sessions.clear();
});

const OTHER = identity({ owner: 'host-b/1/data' });
const store = (): RedisStateStore =>
  new RedisStateStore({
    url: pair.url,
    ttl: 10_000,
    timeout: 2000,
    logger: createLogger('silent'),
    metrics: createMetrics(),
  });
async function open(who = identity()): Promise<StateSession> {
  const session = await store().open(who);
  sessions.add(session);
  return session;
}

/** Repeats what fails for want of a server; says which code any other failure has. */
async function answered<T>(work: () => Promise<T>): Promise<T | string> {
  const done = await until('an answer', async () => {
    try {
      return { answer: await work() };
    } catch (e) {
      const { code } = e as { code?: string };
      if (code === undefined || code === 'STATE_UNAVAILABLE') throw e;
      return { answer: code };
    }
  });
  return done.answer;
}
const commit = async (session: StateSession, sequence: number, value = String(sequence)): Promise<unknown> =>
  await answered(() => session.commit([commitOf('pods', sequence, { 'a/x': value })]));

test('a failover to a replica that has everything costs no commit', async () => {
  const session = await open();
  for (let i = 1; i <= 5; i++) assert.equal(await commit(session, i), undefined);
  await pair.caughtUp();
  await pair.failOver();
  assert.equal(await commit(session, 6), undefined);
  assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/x', '6']]));
  assert.equal((await session.positions()).get('pods')?.sequence, 6);
  assert.equal(session.trouble(), undefined);
});

test('a failover to a replica that lagged is a loss, and the next session goes on at the older moment', async () => {
  const session = await open();
  for (let i = 1; i <= 3; i++) await commit(session, i);
  await pair.caughtUp();
  await pair.cut();
  for (let i = 4; i <= 6; i++) assert.equal(await commit(session, i), undefined);
  await pair.failOver();
  assert.equal(await commit(session, 7), 'STATE_LOST');
  await session.close();
  const next = await open();
  assert.equal(next.fresh, false);
  assert.equal(next.epoch, session.epoch);
  assert.equal((await next.positions()).get('pods')?.sequence, 3);
  assert.deepEqual(await knownOf(next, 'pods'), new Map([['a/x', '3']]));
  assert.equal(await commit(next, 4), undefined);
});

test('a lease that the promoted replica never heard of is a loss, not one that another has taken', async () => {
  await commit(await open(), 1);
  await pair.caughtUp();
  await pair.cut();
  const session = await open();
  assert.equal(await commit(session, 2), undefined);
  await pair.failOver();
  assert.equal(await commit(session, 3), 'STATE_LOST');
});

test('of two sessions, one from the lost part and one from after it, only the later one writes', async () => {
  const first = await open();
  await commit(first, 1);
  await first.close();
  sessions.clear();
  await pair.caughtUp();
  await pair.cut();
  const before = await open();
  assert.equal(await commit(before, 2, 'lost'), undefined);
  await pair.failOver();
  const after = await open(OTHER);
  assert.equal(await commit(after, 2, 'kept'), undefined);
  assert.match(String(await commit(before, 3, 'wrong')), /STATE_(LOST|HELD)/);
  assert.deepEqual(await knownOf(after, 'pods'), new Map([['a/x', 'kept']]));
  assert.equal(await commit(after, 3), undefined);
});

test('a replica is never asked what has become of the state', async () => {
  const session = await open();
  await commit(session, 1);
  await pair.caughtUp();
  await pair.cut();
  for (let i = 2; i <= 4; i++) await commit(session, i);
  // The address leads to a replica that is behind, for a moment.
  const refused = { code: 'STATE_UNAVAILABLE', message: /READONLY/ };
  pair.proxy.retarget(pair.replica.server.port);
  pair.proxy.reset();
  await until('the replica refuses', async () => {
    const error = await session.commit([commitOf('pods', 5, { 'a/x': '5' })]).catch((e: Error & { code: string }) => e);
    assert.equal(error?.code, 'STATE_UNAVAILABLE');
    return /READONLY/.test(error.message);
  });
  await assert.rejects(store().open(OTHER), refused);
  await assert.rejects(store().open(identity({ clusterUid: 'another' })), refused);
  pair.proxy.retarget(pair.primary.server.port);
  pair.proxy.reset();
  assert.equal(await commit(session, 5), undefined);
  await assert.rejects(store().open(OTHER), { code: 'STATE_HELD' });
});

test('what is read for a stream is of one moment, or an error', async () => {
  const session = await open();
  await commit(session, 1);
  await pair.caughtUp();
  await pair.cut();
  for (let i = 2; i <= 4; i++) await commit(session, i);
  assert.equal((await session.positions()).get('pods')?.sequence, 4);
  await pair.failOver();
  assert.equal(await answered(() => knownOf(session, 'pods')), 'STATE_LOST');
});

test('known objects are not read on from another server, where its cursor means nothing', async () => {
  const session = await open();
  const writer = new DeltaWriter();
  const value = Buffer.alloc(200, 7);
  const keys = Array.from({ length: 40_000 }, (_, i) => `namespace-${i % 100}/object-with-a-name-${i}`);
  for (const key of keys) writer.put(key, value);
  await session.commit([{ stream: 'pods', position: position(1), deltas: [writer.finish()] }]);
  await pair.caughtUp();
  const seen = new Set<string>();
  let interrupted = false;
  const reading = (async (): Promise<void> => {
    for await (const chunk of session.known('pods')) {
      for (const { key } of readDelta(chunk)) seen.add(key);
      if (interrupted) continue;
      interrupted = true;
      await pair.failOver();
      await until('it is connected again', () => session.trouble() === undefined);
    }
  })();
  const error = await reading.then(
    () => undefined,
    (e: { code?: string }) => e,
  );
  if (error === undefined) assert.equal(seen.size, keys.length);
  else assert.equal(error.code, 'STATE_UNAVAILABLE');
  const again = (await answered(() => knownOf(session, 'pods'))) as Map<string, string>;
  assert.equal(again.size, keys.length);
});

test('a primary that became a replica under a session is left for its successor', async () => {
  const session = await open();
  await commit(session, 1);
  await pair.swap();
  await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), { code: 'STATE_UNAVAILABLE' });
  assert.match(session.trouble() ?? '', /STATE_UNAVAILABLE/);
  pair.proxy.retarget(pair.primary.server.port);
  assert.equal(await commit(session, 2), undefined);
  assert.equal(
    await pair.primary.admin.hget((await pair.primary.admin.keys('*:positions'))[0] ?? '', 'pods').then((p) => p?.[0]),
    '2',
  );
  assert.equal(session.trouble(), undefined);
});

test('a primary that is silent, not gone, is left too', async () => {
  const session = await open();
  await commit(session, 1);
  await pair.caughtUp();
  pair.proxy.blackhole();
  pair.primary.server.signal('SIGSTOP');
  try {
    await pair.replica.admin.replicaof('NO', 'ONE');
    pair.proxy.retarget(pair.replica.server.port);
    assert.equal(await commit(session, 2), undefined);
  } finally {
    pair.primary.server.signal('SIGCONT');
    [pair.primary, pair.replica] = [pair.replica, pair.primary];
  }
});
