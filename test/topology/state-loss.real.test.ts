import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const SMALL = KINDS.filter((k) => ['configmaps', 'pods'].includes(k.name));

describe('promise 7: losing Redis costs duplicates, never creates or updates, and is said', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 5, ['alpha'], SMALL);
    await workload.prepare();
    await workload.create(300);
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
  });
  after(() => rig.stop());

  test('Redis flushed while running: nothing is lost, and each stream says so with a gap marker', async () => {
    let on = true;
    const start = workload.writes.length;
    const load = (async () => {
      while (on) await workload.churn(50);
    })();
    const redis = new Redis(rig.redis.url);
    await redis.flushall();
    await redis.quit();
    await until('the loss is counted', async () =>
      /watershard_state_losses_total [1-9]/.test(await rig.program.metrics()),
    );
    on = false;
    await load;
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    // All of it was still in memory, so here not even a delete is missing, and nothing is sent twice.
    checkStream(records);
    checkWrites(records, workload.writes.slice(start), 'the stream');
    checkTable(await rig.rows(), records);
    const gaps = records.filter((r) => r.operation === 'GAP');
    assert.ok(gaps.some((r) => r.resource === 'pods') && gaps.some((r) => r.resource === 'configmaps'));
    assert.match(JSON.stringify(gaps[0]?.fields), /reason/);
  });

  test('Redis killed and restarted with its file while running: nothing is lost, no second gap', async () => {
    const gaps = (await rig.records()).filter((r) => r.operation === 'GAP').length;
    const start = workload.writes.length;
    await rig.redis.stop('SIGKILL');
    await workload.churn(200);
    await until('it says that the state is away', async () => !(await rig.program.status()).ready);
    await rig.redis.restart();
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    checkWrites(records, workload.writes.slice(start), 'the stream');
    assert.equal(records.filter((r) => r.operation === 'GAP').length, gaps);
  });

  test('killed right after a flush: everything that lives is there, and so is a gap marker', async () => {
    const gaps = (await rig.records()).filter((r) => r.operation === 'GAP').length;
    const losses = async (): Promise<number> =>
      Number(/watershard_state_losses_total (\d+)/.exec(await rig.program.metrics())?.[1] ?? 0);
    const redis = new Redis(rig.redis.url);
    await redis.flushall();
    await redis.quit();
    await workload.churn(100);
    await until('the loss is counted', async () => (await losses()) > 0);
    await rig.program.kill();
    await workload.churn(100);
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    const ids = new Set(records.map((r) => r.id));
    assert.deepEqual(
      [...workload.living.values()].filter((o) => !ids.has(`${o.uid}:${o.resourceVersion}`)),
      [],
    );
    assert.ok(
      records.filter((r) => r.operation === 'GAP').length > gaps,
      'the markers that were not committed are sent again',
    );
  });

  test('Redis flushed while stopped: the next start says so', async () => {
    await rig.program.stop();
    const before = (await rig.records()).filter((r) => r.operation === 'GAP').length;
    const redis = new Redis(rig.redis.url);
    await redis.flushall();
    await redis.quit();
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.ok((await rig.records()).filter((r) => r.operation === 'GAP').length > before);
  });
});
