import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { DeltaWriter } from '../../src/model/delta.ts';
import { stateKeys } from '../../src/state/redis/keys.ts';
import { RedisStateStore } from '../../src/state/redis/store.ts';
import type { StateSession } from '../../src/state/state.ts';
import { createLogger, type Logger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { RedisServer } from '../support/servers/redis.ts';
import { commitOf, identity, knownOf, position, stateContract } from '../support/state-contract.ts';

let server: RedisServer;
let admin: Redis;
before(async () => {
  server = await RedisServer.start('--enable-debug-command', 'yes');
  admin = new Redis(server.url);
});
after(async () => {
  admin.disconnect();
  await server.stop('SIGKILL');
});

const silent = createLogger('silent');
interface Options {
  readonly ttl?: number;
  readonly timeout?: number;
  readonly scriptBytes?: number;
  readonly logger?: Logger;
  readonly url?: string;
}
const storeAt = ({
  ttl = 10_000,
  timeout = 5000,
  logger = silent,
  url = server.url,
  ...rest
}: Options = {}): RedisStateStore =>
  new RedisStateStore({ url, ttl, timeout, logger, metrics: createMetrics(), ...rest });

/** Waits until the work succeeds. */
async function eventually(work: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; ) {
    try {
      return await work();
    } catch (e) {
      if (Date.now() > deadline) throw e;
      await new Promise((r) => setTimeout(r, 50));
    }
  }
}
const isUp = async (session: StateSession): Promise<void> => assert.equal(session.trouble(), undefined);

for (const [name, scriptBytes] of [
  ['redis', undefined],
  ['redis, every commit staged', 0],
] as const) {
  stateContract(name, async () => {
    await admin.flushall();
    return {
      store: () => storeAt(scriptBytes === undefined ? {} : { scriptBytes }),
      wipe: async () => void (await admin.flushall()),
      expire: async () => void (await admin.del(stateKeys('demo').lease)),
      setSchema: async (version) => void (await admin.hset(stateKeys('demo').meta, 'schema', version)),
    };
  });
}

test('all keys are in one hash slot under the name of the cluster', async () => {
  await admin.flushall();
  const session = await storeAt({ scriptBytes: 0 }).open(identity({ cluster: 'a}b' }));
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  const keys = await admin.keys('*');
  assert.ok(
    keys.every((k) => k.startsWith('watershard:{a%7Db}:')),
    keys.join(),
  );
  assert.ok(!keys.some((k) => k.includes('stage')), 'a stage that was applied is gone');
  await session.close();
});

test('where nothing is to be committed, the lease tells that nothing can be', async () => {
  await admin.flushall();
  const session = await storeAt({ ttl: 1000 }).open(identity());
  await admin.config('SET', 'maxmemory', '1');
  await eventually(async () => assert.match(session.trouble() ?? '', /STATE_FULL: renewing the lease/));
  await admin.config('SET', 'maxmemory', '0');
  await eventually(async () => assert.equal(session.trouble(), undefined));
  await session.close();
});

test('a lease that is not renewed runs out; one that is renewed does not', async () => {
  await admin.flushall();
  const session = await storeAt({ ttl: 1000 }).open(identity());
  const other = identity({ owner: 'host-b/1/data' });
  const waited = Date.now() + 2500;
  while (Date.now() < waited) {
    await assert.rejects(storeAt().open(other), { code: 'STATE_HELD' });
    await new Promise((r) => setTimeout(r, 100));
  }
  await session.close();
  const silentHolder = await admin.set(stateKeys('demo').lease, '1 host-c/9/data', 'PX', 500);
  assert.equal(silentHolder, 'OK');
  await assert.rejects(storeAt().open(other), { code: 'STATE_HELD', message: /host-c\/9\/data/ });
  let taken: StateSession | undefined;
  await eventually(async () => {
    taken = await storeAt().open(other);
  });
  await taken?.close();
});

test('a state that an ended process of this host and dataDir holds is taken over at once', async () => {
  const ended = spawnSync(process.execPath, ['-e', '']).pid;
  const lease = stateKeys('demo').lease;
  for (const [holder, taken] of [
    [`host-a/${ended}/some/data`, true],
    [`host-a/${process.pid}/some/data`, true],
    [`host-a/${process.ppid}/some/data`, false],
    [`host-a/${ended}/other/data`, false],
    [`host-z/${ended}/some/data`, false],
  ] as const) {
    await admin.flushall();
    await (await storeAt().open(identity())).close();
    await admin.set(lease, `1 ${holder}`, 'PX', 60_000);
    const opening = storeAt().open(identity({ owner: `host-a/${process.pid}/some/data` }));
    if (taken) await (await opening).close();
    else await assert.rejects(opening, { code: 'STATE_HELD' }, holder);
  }
});

test('a session whose lease was taken learns it from the renewal too', async () => {
  await admin.flushall();
  const old = await storeAt({ ttl: 1000 }).open(identity());
  await admin.del(stateKeys('demo').lease);
  const taken = await storeAt().open(identity({ owner: 'host-b/1/data' }));
  await eventually(async () => assert.match(old.trouble() ?? '', /STATE_HELD.*host-b\/1\/data/));
  assert.equal(old.ended()?.code, 'STATE_HELD');
  await assert.rejects(old.confirm(), { code: 'STATE_HELD' });
  await assert.rejects(old.commit([commitOf('pods', 1)]), { code: 'STATE_HELD' });
  await taken.confirm();
  await old.close();
  await taken.close();
});

test('a Redis that evicts keys is refused, also where CONFIG is not permitted', async () => {
  await admin.flushall();
  await admin.call('ACL', 'SETUSER', 'plain', 'on', '>secret-word', '~*', '+@all', '-config');
  const plain = { url: server.url.replace('//', '//plain:secret-word@') };
  await (await storeAt(plain).open(identity())).close();
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await assert.rejects(storeAt().open(identity()), { code: 'STATE_EVICTING', message: /allkeys-lru/ });
  await assert.rejects(storeAt(plain).open(identity()), { code: 'STATE_EVICTING' });
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  await assert.rejects(
    storeAt({ url: plain.url.replace('word', 'wrong') }).open(identity()),
    (e: Error & { code?: string }) => {
      assert.equal(e.code, 'STATE_REFUSED');
      assert.doesNotMatch(String(e.stack), /secret/);
      return true;
    },
  );
});

test('a Redis without persistence is warned of, one with it is not', async () => {
  await admin.flushall();
  const warnings: string[] = [];
  const logger = Object.assign(createLogger('silent'), { warn: (text: string) => void warnings.push(text) });
  await (await storeAt({ logger }).open(identity())).close();
  assert.deepEqual(warnings, []);
  await admin.config('SET', 'appendonly', 'no');
  await (await storeAt({ logger }).open(identity())).close();
  assert.match(warnings.join(), /when it restarts, the state is lost/);
  await admin.config('SET', 'save', '3600 1');
  await (await storeAt({ logger }).open(identity())).close();
  assert.equal(warnings.length, 1);
  await admin.config('SET', 'save', '');
  await admin.config('SET', 'appendonly', 'yes');
});

test('when Redis is full nothing is half done, and a later attempt succeeds', async () => {
  await admin.flushall();
  const session = await storeAt().open(identity());
  await session.commit([commitOf('pods', 1, { 'a/x': '1', 'a/y': '1' })]);
  await admin.config('SET', 'maxmemory', '1');
  const commit = [commitOf('pods', 2, { 'a/x': null, 'a/y': '2' }), commitOf('nodes', 1, { '/n': 'n' })];
  await assert.rejects(session.commit(commit), { code: 'STATE_FULL' });
  assert.match(session.trouble() ?? '', /STATE_FULL/);
  assert.deepEqual(
    await knownOf(session, 'pods'),
    new Map([
      ['a/x', '1'],
      ['a/y', '1'],
    ]),
  );
  assert.equal((await session.positions()).size, 1);
  await admin.config('SET', 'maxmemory', '0');
  await session.commit(commit);
  assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/y', '2']]));
  await isUp(session);
  await session.close();
});

test('a commit whose answer was lost may be repeated, with more in it; without doubt it may not', async () => {
  await admin.flushall();
  const session = await storeAt({ timeout: 1000 }).open(identity());
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  // Redis does it after the session has given up waiting.
  const asleep = admin.call('DEBUG', 'SLEEP', '2');
  await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), { code: 'STATE_UNAVAILABLE' });
  await asleep;
  await eventually(async () =>
    assert.match((await admin.hget((await admin.keys('*:positions'))[0] ?? '', 'pods')) ?? '', /^2 /),
  );
  await eventually(() => session.commit([commitOf('pods', 2, { 'a/x': '2' }, { 'a/y': '3' })]));
  assert.deepEqual(
    await knownOf(session, 'pods'),
    new Map([
      ['a/x', '2'],
      ['a/y', '3'],
    ]),
  );
  await isUp(session);
  await assert.rejects(session.commit([commitOf('pods', 2)]), { code: 'STATE_LOST' });
  await session.close();
});

test('a large commit that was accepted and not applied is applied by whoever opens the state next', async () => {
  await admin.flushall();
  const options = { scriptBytes: 4096 };
  const session = await storeAt(options).open(identity());
  await session.commit([commitOf('pods', 1, { 'a/first': 'x', 'a/0': 'old' })]);
  const writer = new DeltaWriter();
  writer.delete('a/first');
  for (let i = 0; i < 2000; i++) writer.put(`a/${i}`, Buffer.from(`value ${i}`));
  await session.commit([{ stream: 'pods', position: position(2), deltas: [writer.finish()] }]);
  assert.equal((await knownOf(session, 'pods')).size, 2000);
  await session.close();

  // As a process leaves it that was killed right after its commit was accepted: a stage beside, and its name in the position.
  const key = (await admin.keys('*:positions'))[0] as string;
  const stage = `${key.slice(0, -'positions'.length)}stage:pods:9.9`;
  writer.put('a/late', Buffer.from('late'));
  writer.delete('a/7');
  await admin.rpush(stage, Buffer.from(writer.finish()), '');
  await admin.hset(key, 'pods', ((await admin.hget(key, 'pods')) as string).replace(/^2 (\d+ \d+) -/, `3 $1 ${stage}`));

  const next = await storeAt(options).open(identity());
  assert.equal((await next.positions()).get('pods')?.sequence, 3);
  await next.commit([commitOf('pods', 4, { 'a/8': 'after' })]);
  const known = await knownOf(next, 'pods');
  assert.deepEqual(
    [known.size, known.get('a/late'), known.get('a/7'), known.get('a/8')],
    [2000, 'late', undefined, 'after'],
  );
  assert.equal(await admin.exists(stage), 0);
  await next.close();
});

test('what one key of the state has lost voids all of it, and the next session begins anew', async () => {
  for (const [what, scriptBytes] of [
    ['positions', undefined],
    ['known:pods', undefined],
    ['stage:pods', 64],
  ] as const) {
    for (const reopened of [false, true]) {
      await admin.flushall();
      const options = scriptBytes === undefined ? {} : { scriptBytes };
      let session = await storeAt(options).open(identity());
      await session.commit([commitOf('pods', 1, { 'a/x': '1' }), commitOf('secrets', 1, {})]);
      const key = (await admin.keys('*:positions'))[0] as string;
      const lost = key.replace(/positions$/, what);
      if (what === 'stage:pods')
        await admin.hset(key, 'pods', ((await admin.hget(key, 'pods')) as string).replace(' -\n', ` ${lost}\n`));
      else assert.equal(await admin.del(lost), 1);
      if (reopened) {
        await session.close();
        session = await storeAt(options).open(identity());
        assert.equal(session.fresh, false);
        const reading = async (): Promise<unknown> => [await session.positions(), await knownOf(session, 'pods')];
        await assert.rejects(reading, { code: 'STATE_LOST', message: /evicted or deleted/ });
      } else {
        const commit = session.commit([commitOf('pods', 2, { 'a/y': '1' })]);
        await assert.rejects(commit, { code: 'STATE_LOST', message: /evicted or deleted/ });
      }
      assert.equal(session.ended()?.code, 'STATE_LOST');
      await session.close();
      const next = await storeAt(options).open(identity());
      assert.equal(next.fresh, true, `${what}, ${reopened ? 'reopened' : 'open'}`);
      assert.equal((await next.positions()).size, 0);
      assert.equal((await knownOf(next, 'pods')).size, 0);
      await next.close();
    }
  }
});

test('Redis is killed and started again: commits fail meanwhile and go on later, with nothing half done', async () => {
  await admin.flushall();
  await admin.config('SET', 'appendfsync', 'always');
  const session = await storeAt({ timeout: 1000 }).open(identity());
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  await server.stop('SIGKILL');
  const commit = [commitOf('pods', 2, { 'a/x': '2' }), commitOf('nodes', 1, { '/n': '2' })];
  await assert.rejects(session.commit(commit), { code: 'STATE_UNAVAILABLE' });
  await assert.rejects(session.commit(commit), { code: 'STATE_UNAVAILABLE', message: /127\.0\.0\.1/ });
  assert.match(session.trouble() ?? '', /STATE_UNAVAILABLE/);
  await assert.rejects(storeAt({ timeout: 1000 }).open(identity()), {
    code: 'STATE_UNAVAILABLE',
    message: /ECONNREFUSED/,
  });
  await server.restart();
  await eventually(() => session.commit(commit));
  await isUp(session);
  assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/x', '2']]));
  assert.deepEqual(await knownOf(session, 'nodes'), new Map([['/n', '2']]));
  await session.close();
});

test('a Redis that is killed again and again while commits run loses none that was acknowledged', async (t) => {
  // Set at the start, so that it holds after a restart too: else what waits for a slow disk is lost with the process.
  const server = await RedisServer.start('--appendfsync', 'always');
  const session = await storeAt({ timeout: 2000, url: server.url }).open(identity());
  t.after(async () => {
    await session.close();
    await server.stop();
  });
  let sequence = 0;
  for (let round = 0; round < 3; round++) {
    const until = sequence + 60 + round * 11;
    const kill = (async () => {
      while (sequence < until - 25) await new Promise((r) => setImmediate(r));
      await server.stop('SIGKILL');
      await server.restart();
    })();
    while (sequence < until) {
      const values = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`a/${i}`, String(sequence + 1)]));
      await eventually(() => session.commit([commitOf('pods', sequence + 1, values)]));
      sequence++;
    }
    await kill;
    await eventually(async () => assert.equal((await session.positions()).get('pods')?.sequence, sequence));
    assert.deepEqual(new Set((await knownOf(session, 'pods')).values()), new Set([String(sequence)]));
  }
});

test('a Redis that comes back with an older state is noticed', async () => {
  await admin.flushall();
  const session = await storeAt().open(identity());
  await session.commit([commitOf('pods', 1, { 'a/x': '1' })]);
  const key = (await admin.keys('*:positions'))[0] as string;
  const old = (await admin.dump(key)) as unknown;
  assert.ok(old);
  const before = await admin.hget(key, 'pods');
  await session.commit([commitOf('pods', 2, { 'a/x': '2' })]);
  await session.commit([commitOf('pods', 3, { 'a/x': '3' })]);
  await admin.hset(key, 'pods', before as string);
  await assert.rejects(session.commit([commitOf('pods', 4, { 'a/x': '4' })]), {
    code: 'STATE_LOST',
    message: /commit 1, not 3/,
  });
  await session.close();
});

test('a master that became a replica is not written to, and commits go on when it is a master again', async () => {
  await admin.flushall();
  const session = await storeAt({ timeout: 2000 }).open(identity());
  await session.commit([commitOf('pods', 1)]);
  await admin.replicaof('127.0.0.1', '1');
  await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), {
    code: 'STATE_UNAVAILABLE',
    message: /READONLY/,
  });
  await admin.replicaof('NO', 'ONE');
  await eventually(() => session.commit([commitOf('pods', 2, { 'a/x': '2' })]));
  assert.deepEqual(await knownOf(session, 'pods'), new Map([['a/x', '2']]));
  await session.close();
});

test('a Redis that hangs does not hang a commit', async () => {
  await admin.flushall();
  const session = await storeAt({ timeout: 1000 }).open(identity());
  await session.commit([commitOf('pods', 1)]);
  server.signal('SIGSTOP');
  try {
    await assert.rejects(session.commit([commitOf('pods', 2, { 'a/x': '2' })]), { code: 'STATE_UNAVAILABLE' });
    await assert.rejects(storeAt({ timeout: 1000 }).open(identity()), { code: 'STATE_UNAVAILABLE' });
  } finally {
    server.signal('SIGCONT');
  }
  await eventually(() => session.commit([commitOf('pods', 2, { 'a/x': '2' })]));
  await session.close();
});

test('clean up: every state key of a cluster can be found by its prefix', async () => {
  const prefix = stateKeys('demo').meta.slice(0, -'meta'.length);
  assert.deepEqual(
    (await admin.keys('*')).filter((k) => !k.startsWith(prefix)),
    [],
  );
});
