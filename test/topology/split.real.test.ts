import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { KINDS, Workload } from '../support/workload.ts';

const CONFIG_MAPS = KINDS.filter((k) => k.name === 'configmaps');
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

describe('one resource split over two shards', () => {
  let rig: Rig;
  let workload: Workload;
  let listed = 0;
  const config = (): Record<string, unknown> =>
    rig.config({
      watch: { resources: ['configmaps'], namespaces: { exclude: ['kube-system'] } },
      rules: [{ resources: ['configmaps'], split: 2, diff: 'merge-patch' }],
      workers: 2,
    });
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 11, ['alpha', 'beta'], CONFIG_MAPS);
    await workload.prepare();
    await workload.create(1000);
    listed = workload.writes.length;
    await rig.program.start(config());
    await rig.program.ready();
  });
  after(() => rig.stop());

  async function check(): Promise<void> {
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes.slice(listed), 'the stream');
    checkLiving(records, workload, ['alpha', 'beta']);
    checkTable(await rig.rows(), records);
  }

  test('everything is delivered once, in order for each object, and both shards work', async () => {
    await workload.churn(800);
    await check();
    const { shards, streams } = await rig.program.status();
    assert.equal(shards.length, 2);
    for (const shard of shards) assert.ok(shard.records > 300, `shard ${shard.index} made ${shard.records} records`);
    assert.ok(streams[0]!.knownObjects >= workload.living.size, 'both parts count');
  });

  test('stopped and started: only what changed meanwhile', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = (await rig.records()).length;
    const start = workload.writes.length;
    await workload.churn(100);
    await rig.program.start(config());
    await check();
    assert.equal((await rig.records()).length - before, workload.writes.length - start);
  });

  test('killed under load and started', async () => {
    for (let i = 0; i < 2; i++) {
      const load = workload.churn(400);
      await wait(700);
      await rig.program.kill();
      await load;
      await rig.program.start(config());
      await wait(1500);
    }
    await check();
  });

  test('the position lost: deletes of both parts are found by comparing', async () => {
    assert.equal(await rig.program.stop(), 0);
    const before = (await rig.records()).length;
    const gone = [...workload.living].slice(0, 60).map(([key, o]) => ({ key, id: `${o.uid}:deleted` }));
    for (const { key } of gone) await workload.remove(key);
    await rig.kube.compact();
    await rig.kube.restartApi();
    await rig.program.start(config());
    await check();
    const fresh = (await rig.records()).slice(before).filter((r) => ['alpha', 'beta'].includes(r.namespace));
    assert.deepEqual(fresh.map((r) => r.id).sort(), gone.map((g) => g.id).sort());
    assert.ok(fresh.every((r) => r.detectedBy === 'RELIST'));
  });
});
