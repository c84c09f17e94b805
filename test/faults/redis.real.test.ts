import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { Redis } from 'ioredis';
import { until } from '../support/until.ts';
import { FaultRig } from './fault-rig.ts';
import { scenarios } from './scenario.ts';

describe('faults of Redis', () => {
  let rig: FaultRig;
  before(async () => {
    rig = await FaultRig.start();
    await rig.begin();
  });
  after(() => rig.stop());

  const fault = scenarios(() => rig);
  async function redis<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(rig.rig.redis.url);
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  }
  const losses = (): Promise<number> => rig.counter('watershard_state_losses_total');
  const committed = (): Promise<number> => rig.counter('watershard_state_commits_total', /ok/);
  const gaps = async (): Promise<string[]> =>
    (await rig.rig.records()).filter((r) => r.operation === 'GAP').map((r) => r.resource);
  /** It is said that nothing can be committed, and why; meanwhile the sinks get what happens. */
  async function refused(reason: RegExp): Promise<void> {
    await rig.notReady(reason);
    const [records, commits] = [(await rig.program.status()).totals.records, await committed()];
    await rig.load.writes(100);
    await until('records go on', async () => (await rig.program.status()).totals.records > records + 50);
    assert.equal(await committed(), commits, 'nothing is committed');
  }
  /** Nothing was lost, and so nothing is said to be. */
  async function unharmed(before: number): Promise<void> {
    await rig.verdict();
    assert.equal(await losses(), before);
  }

  fault('killed, and restarted with its append-only file', async () => {
    await rig.rig.redis.stop('SIGKILL');
    await refused(/state: /);
    await rig.rig.redis.restart();
    await unharmed(0);
    assert.deepEqual(await gaps(), []);
  });

  fault('slow: two seconds for each answer', async () => {
    rig.redis.delay(2000);
    const before = await committed();
    await until('a commit is done all the same', async () => (await committed()) > before);
    rig.heal();
    await rig.program.ready();
    assert.equal(await losses(), 0);
  });

  fault('read-only: it has become a replica, or wants replicas that it has not', async () => {
    await redis((r) => r.replicaof('127.0.0.1', 1));
    await refused(/state: .*READONLY/);
    await redis((r) => r.replicaof('NO', 'ONE'));
    await rig.program.ready();
    await redis((r) => r.config('SET', 'min-replicas-to-write', '1'));
    await refused(/state: .*NOREPLICAS/);
    await redis((r) => r.config('SET', 'min-replicas-to-write', '0'));
    await rig.program.ready();
    assert.equal(await losses(), 0);
  });

  fault('out of memory', async () => {
    await redis((r) => r.config('SET', 'maxmemory', '1mb'));
    await refused(/state: .*(STATE_FULL|OOM)/);
    await redis((r) => r.config('SET', 'maxmemory', '0'));
    await unharmed(0);
  });

  fault('half open: silence without an end', async () => {
    rig.redis.blackhole(true); // new connections too: else it would connect again, and commit
    await refused(/state: /);
    await unharmed(0);
  });

  fault('unreachable when the program starts, and there later', async () => {
    assert.equal(await rig.program.stop(), 0);
    rig.redis.reset(true);
    await rig.program.start(rig.config());
    await rig.notReady(/the state cannot be opened|Redis/);
    assert.equal((await fetch(`${rig.program.url}/livez`)).status, 200);
    rig.heal();
    await rig.program.ready();
    await rig.load.writes(50);
    await unharmed(0);
  });

  fault('restarted empty while the program runs: nothing is missed, and each stream says so', async () => {
    await rig.rig.redis.stop('SIGKILL');
    rmSync(join(rig.rig.redis.folder, 'appendonlydir'), { recursive: true });
    await rig.rig.redis.restart();
    await until('the loss is counted', async () => (await losses()) === 1);
    await rig.load.writes(100);
    await rig.verdict();
    assert.deepEqual((await gaps()).toSorted(), ['configmaps', 'pods', 'secrets', 'widgets']);
  });

  fault('it evicts keys while the program runs', async () => {
    const evicted = async (): Promise<number> =>
      redis(async (r) => Number(/evicted_keys:(\d+)/.exec(await r.info('stats'))?.[1]));
    const before = await losses();
    await redis(async (r) => {
      await r.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await r.config('SET', 'maxmemory', '1');
    });
    await until('keys are evicted', async () => (await evicted()) > 0);
    await redis(async (r) => {
      await r.config('SET', 'maxmemory', '0');
      await r.config('SET', 'maxmemory-policy', 'noeviction');
    });
    await until('the loss is counted', async () => (await losses()) > before);
    await rig.verdict();
  });

  fault('it evicts the known objects of one stream, and nothing else', async () => {
    const before = await losses();
    await redis(async (r) => {
      const [known] = await r.keys('*:known:configmaps');
      assert.equal(await r.del(known as string), 1);
    });
    await until('the loss is counted', async () => (await losses()) > before);
    await rig.verdict();
  });

  fault('it is set to evict when the program starts: refused, with the remedy', async () => {
    assert.equal(await rig.program.stop(), 0);
    await redis((r) => r.config('SET', 'maxmemory-policy', 'allkeys-lru'));
    await rig.program.start(rig.config());
    assert.equal(await rig.program.exited(), 2);
    assert.match(rig.program.log, /STATE_EVICTING[\s\S]*what to do: Set maxmemory-policy to noeviction/);
    await redis((r) => r.config('SET', 'maxmemory-policy', 'noeviction'));
    await rig.run();
  });

  fault(
    'restarted empty while the program is down: the start says so; deletes made meanwhile are not known',
    async () => {
      assert.equal(await rig.program.stop(), 0);
      const before = (await gaps()).length;
      await rig.load.writes(100);
      await redis((r) => r.flushall());
      await rig.run();
      await rig.verdict({ relisted: ['*'], deletesUnknown: true });
      assert.equal((await gaps()).length, before + 4, 'a gap marker for each stream');
    },
  );

  fault('it has evicted the known objects of one stream while the program was down', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = (await gaps()).length;
    await redis(async (r) => {
      const [known] = await r.keys('*:known:configmaps');
      assert.equal(await r.del(known as string), 1);
    });
    await rig.load.writes(100);
    await rig.run();
    await rig.verdict({ relisted: ['*'], deletesUnknown: true });
    assert.ok((await gaps()).length > before, 'it is said');
  });
});
