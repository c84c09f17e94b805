// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables of the environment
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { StatusReport } from '../../src/model/status.ts';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import type { KubeOptions } from '../support/servers/kube.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const GATE = ['--feature-gates=ShardedListAndWatch=true'];
const STREAMS = ['configmaps', 'widgets.example.com'];
const SHARED = KINDS.filter((k) => STREAMS.includes(k.name));

/** Sum of a metric over its labels; 0 where it has no value. */
async function metric(program: Watershard, name: string, stream = ''): Promise<number> {
  const lines = (await program.metrics()).split('\n').filter((l) => l.startsWith(name) && l.includes(stream));
  return lines.reduce((sum, l) => sum + Number(l.slice(l.lastIndexOf(' '))), 0);
}

/** Two instances that share the work, and beside them one that reads everything, to compare with. */
class Shared {
  readonly rig: Rig;
  readonly instances: readonly [Watershard, Watershard];
  readonly whole = new Watershard();
  readonly workload: Workload;
  listed = 0;

  private constructor(rig: Rig, seed: number) {
    this.rig = rig;
    this.instances = [rig.program, new Watershard(rig.s3.environment)];
    this.workload = new Workload(rig.kube, seed, NAMESPACES, SHARED);
  }

  static async start(kube: KubeOptions, seed: number): Promise<Shared> {
    const shared = new Shared(await Rig.start(kube), seed);
    await shared.workload.prepare();
    await shared.workload.create(600);
    shared.listed = shared.workload.writes.length;
    await shared.begin();
    await shared.whole.start({
      ...shared.rig.config({ watch: shared.#watch(), rules: [] }),
      state: {},
      exporters: [{ name: 'out', type: 'file', path: join(shared.whole.folder, 'records.ndjson') }],
    });
    await shared.whole.ready();
    return shared;
  }

  #watch(shard?: object): object {
    return { resources: STREAMS, namespaces: { exclude: ['kube-system'] }, ...(shard === undefined ? {} : { shard }) };
  }

  config(shard?: object): Record<string, unknown> {
    return this.rig.config({ watch: this.#watch(shard), rules: [], workers: 1 });
  }

  /** One of two, as the pods of a StatefulSet: one configuration, and the ordinal from the environment. */
  async begin(which: readonly number[] = [0, 1]): Promise<void> {
    const config = this.config({ index: '${POD_INDEX}', count: 2 });
    for (const i of which) await this.instances[i]!.start(config, 'run', { POD_INDEX: String(i) });
    for (const i of which) await this.instances[i]!.ready();
  }

  async end(): Promise<void> {
    for (const instance of this.instances) assert.equal(await instance.stop(), 0);
  }

  async settled(): Promise<void> {
    for (const program of [...this.instances, this.whole]) if (program.alive) await program.settled();
  }

  async statuses(): Promise<StatusReport[]> {
    return await Promise.all(this.instances.map((i) => i.status()));
  }

  /** The records of both together are what happened. */
  async check(): Promise<void> {
    await this.settled();
    const records = await this.rig.records();
    checkStream(records);
    checkWrites(records, this.workload.writes.slice(this.listed), 'the stream');
    checkLiving(records, this.workload, NAMESPACES);
    checkTable(await this.rig.rows(), records);
  }

  async stop(): Promise<void> {
    await Promise.all([this.instances[1].kill(), this.whole.kill()]);
    await this.rig.stop();
  }
}

for (const { name, kube, honoured } of [
  {
    name: 'kube-apiserver 1.36 with the gate ShardedListAndWatch',
    kube: { next: true, apiFlags: GATE },
    honoured: true,
  },
  { name: 'a kube-apiserver that ignores shardSelector', kube: { apiFlags: [] }, honoured: false },
]) {
  describe(`two instances divide the work: ${name}`, () => {
    let shared: Shared;
    before(async () => {
      shared = await Shared.start(kube, 21);
    });
    after(() => shared?.stop());

    test('together they deliver everything, and each object is of one of them', async () => {
      await shared.workload.churn(600);
      await shared.check();
      const made = (await shared.statuses()).map((s) => s.totals.records);
      const delivered = await shared.rig.records();
      assert.equal(made[0]! + made[1]!, delivered.length, 'nothing was made by both');
      for (const count of made) assert.ok(count > 0.35 * delivered.length, `${made} of ${delivered.length}`);
      assert.equal((await shared.whole.status()).totals.records, delivered.length);
    });

    test('what is read, and what is said of it', async (t) => {
      const whole = await metric(shared.whole, 'watershard_bytes_read_total');
      const read = await Promise.all(shared.instances.map((i) => metric(i, 'watershard_bytes_read_total')));
      const left = await Promise.all(shared.instances.map((i) => metric(i, 'watershard_watch_shard_filtered_total')));
      const shares = read.map((bytes) => bytes / whole);
      t.diagnostic(`read ${shares.map((s) => s.toFixed(2))} of what one instance reads`);
      for (const share of shares)
        assert.ok(honoured ? share > 0.35 && share < 0.65 : share > 0.85 && share < 1.15, `read ${shares}`);
      for (const count of left) assert.ok(honoured ? count === 0 : count > 300, `left out ${left}`);
      // Of custom resources kube-apiserver 1.36 sends a shard, and does not say so.
      const by = honoured
        ? { configmaps: 'server', 'widgets.example.com': 'client' }
        : { configmaps: 'client', 'widgets.example.com': 'client' };
      for (const [index, status] of (await shared.statuses()).entries()) {
        assert.deepEqual(status.watchShard, { index, count: 2, key: 'uid' });
        assert.deepEqual(Object.fromEntries(status.streams.map((s) => [s.id, s.shardedBy])), by);
        assert.equal(
          await metric(shared.instances[index]!, 'watershard_watch_shard_honoured', 'configmaps'),
          honoured ? 1 : 0,
        );
        assert.match(
          shared.instances[index]!.log,
          honoured ? /honours shardSelector: it sends/ : /does not say that it honours shardSelector/,
        );
        assert.equal(shared.instances[index]!.log.match(/shardSelector/g)?.length, honoured ? 2 : 1, 'said once');
      }
      await shared.whole.kill();
    });

    test('one is killed under load, and the other goes on', async () => {
      const load = shared.workload.churn(400);
      await shared.instances[1].kill();
      await load;
      const before = (await shared.rig.records()).length;
      await shared.begin([1]);
      await shared.check();
      assert.ok((await shared.rig.records()).length > before);
    });

    if (honoured)
      test('the gate is switched off while they run: who leaves out what is not theirs changes, and nothing else', async () => {
        await shared.rig.kube.restartApi('SIGKILL', []);
        // A new API server has no history: of what is written before all is listed again, versions in between are not seen.
        await shared.settled();
        await shared.workload.churn(150);
        await shared.check();
        for (const status of await shared.statuses())
          for (const { shardedBy } of status.streams) assert.equal(shardedBy, 'client');
        const left = await Promise.all(shared.instances.map((i) => metric(i, 'watershard_watch_shard_filtered_total')));
        for (const count of left) assert.ok(count > 30, `left out ${left}`);
      });

    test('the position expired: each finds the deletes of its share by comparing, and no others', async () => {
      await shared.end();
      const before = (await shared.rig.records()).length;
      const gone = [...shared.workload.living].slice(0, 60).map(([key, o]) => ({ key, id: `${o.uid}:deleted` }));
      for (const { key } of gone) await shared.workload.remove(key);
      await shared.rig.kube.compact();
      await shared.rig.kube.restartApi('SIGTERM', kube.apiFlags);
      await shared.begin();
      await shared.check();
      // After a kill, a list that the API server's history does not reach back to is said too, by a marker.
      const added = (await shared.rig.records()).slice(before);
      const fresh = added.filter((r) => r.operation !== 'GAP');
      assert.deepEqual(fresh.map((r) => r.id).sort(), gone.map((g) => g.id).sort());
      assert.ok(fresh.every((r) => r.detectedBy === 'RELIST'));
      const made = (await shared.statuses()).map((s) => s.totals.records);
      assert.equal(made[0]! + made[1]!, added.length, 'nothing was made by both');
      const by = (await shared.statuses()).map((s) => s.streams.find(({ id }) => id === 'configmaps')?.shardedBy);
      assert.deepEqual(by, honoured ? ['server', 'server'] : ['client', 'client']);
      for (const count of made) assert.ok(count > 10, `${made}`);
    });

    test('one instance takes over everything: what lives is not deleted, and markers say what cannot be known', async () => {
      await shared.end();
      const before = (await shared.rig.records()).length;
      const start = shared.workload.writes.length;
      await shared.workload.churn(100);
      await shared.rig.program.start(shared.config());
      await shared.rig.program.ready();
      await shared.settled();
      const records = await shared.rig.records();
      checkStream(records);
      const fresh = records.slice(before);
      const gaps = fresh.filter((r) => r.operation === 'GAP');
      assert.deepEqual(gaps.map((r) => (r.group === '' ? r.resource : `${r.resource}.${r.group}`)).sort(), STREAMS);
      for (const gap of gaps) assert.match(String(gap.fields?.reason), /changed from 0 of 2 by uid to all/);
      const deleted = new Set(
        shared.workload.writes.slice(start).flatMap((w) => (w.operation === 'DELETED' ? [w.uid] : [])),
      );
      for (const r of fresh)
        if (r.operation === 'DELETED') assert.ok(deleted.has(r.uid), `${r.id} is no delete of the workload`);
      const living = new Map([...shared.workload.living.values()].map((o) => [o.uid, o.resourceVersion]));
      const told = new Map(records.map((r) => [r.uid, r.resourceVersion]));
      for (const [uid, version] of living) assert.equal(told.get(uid), version);
      const { streams } = await shared.rig.program.status();
      assert.ok(streams.every((s) => s.shardedBy === undefined));
    });

    test('and gives a part away again: what it had and has no more is not deleted, and it goes on with the rest', async () => {
      assert.equal(await shared.rig.program.stop(), 0);
      const before = (await shared.rig.records()).length;
      await shared.begin([0]);
      await shared.settled();
      const fresh = (await shared.rig.records()).slice(before);
      assert.deepEqual(
        fresh.map((r) => [r.operation, r.fields?.reason]),
        STREAMS.map(() => [
          'GAP',
          'the share of objects was changed from all to 0 of 2 by uid; deletes of those that changed hands may have been missed',
        ]),
      );
      const status = await shared.rig.program.status();
      const known = status.streams.reduce((sum, s) => sum + s.knownObjects, 0);
      assert.ok(known < 0.65 * shared.workload.living.size, `${known} of ${shared.workload.living.size}`);
    });
  });
}
