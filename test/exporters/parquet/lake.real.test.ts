import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import type { FieldColumn } from '../../../src/model/field-type.ts';
import { LaneWriter } from '../../../src/model/lane.ts';
import type { Stream } from '../../../src/model/resource.ts';
import { PODS } from '../../support/batches.ts';
import { until } from '../../support/until.ts';
import {
  cleanUp,
  DEPLOYMENTS,
  data,
  duckdb,
  end,
  pods,
  positionAt,
  rows,
  run,
  shutDown,
  stored,
  targets,
  write,
} from './lake.ts';
import { DAY, NOON } from './rows.ts';

after(shutDown);

for (const target of targets) {
  describe(`the Parquet exporter on ${target.name}`, () => {
    beforeEach(cleanUp);

    test('stores files where the layout says, readable by partition', async () => {
      const lake = await run(target);
      lake.open(PODS, 1, undefined);
      lake.open(DEPLOYMENTS, 1, positionAt(7, NOON / 1000));
      write(lake, 1, [{ name: 'a' }, { name: 'b', observedAt: NOON + DAY }]);
      write(lake, 1, [{ name: 'd' }], { stream: DEPLOYMENTS });
      lake.cut(PODS.id);
      lake.cut(DEPLOYMENTS.id);
      await stored(lake, 1);
      await stored(lake, 1, DEPLOYMENTS.id);
      const at = 'changes/cluster=demo/resource=';
      assert.deepEqual(data(target), [
        `${at}deployments.apps/date=2026-01-31/deployments.apps-epoch1-000000000007.parquet`,
        `${at}pods/date=2026-01-31/pods-epoch1-000000000000.parquet`,
        `${at}pods/date=2026-02-01/pods-epoch1-000000000000.parquet`,
      ]);
      const url = target.settings().url.replace('file://', '');
      const found = await duckdb.query(
        `SELECT name, date::VARCHAR AS date, "group" FROM read_parquet('${url}/changes/**/*.parquet', hive_partitioning = true) WHERE date >= '2026-02-01' ORDER BY name`,
      );
      assert.deepEqual(found, [{ name: 'b', date: '2026-02-01', group: '' }]);
    });

    test('a file that is closed before its size is known leaves no wish behind that holds up the next one', async () => {
      const lake = await run(target, { rotate: { interval: '60s', rows: 1 } });
      lake.open(PODS, 1, undefined);
      write(lake, 1, [{ name: 'a' }]);
      lake.cut(PODS.id); // the answer that the file is full comes after this
      await stored(lake, 1);
      write(lake, 2, [{ name: 'b' }]);
      await stored(lake, 2);
      assert.equal((await rows(target)).length, 2);
    });

    test('a lone record is there within the interval', async () => {
      const lake = await run(target, { rotate: { interval: '200ms' } });
      lake.open(PODS, 1, undefined);
      write(lake, 1, [{ name: 'a' }]);
      await stored(lake, 1);
      assert.equal((await rows(target)).length, 1);
      write(lake, 2, [{ name: 'b' }]);
      await stored(lake, 2);
      assert.equal(data(target).length, 2);
    });

    test('rows and memory close files, and credit comes back before they are stored', async () => {
      const lake = await run(target, { rotate: { interval: '1h', rows: 50 } });
      lake.open(PODS, 1, undefined);
      for (let i = 0; i < 4; i++) write(lake, i + 1, pods(i * 10, i * 10 + 10));
      await until('the batches are taken over', () => lake.lastAbsorbed() === 4);
      assert.equal(lake.lastAck(), 0);
      write(lake, 5, pods(40, 60));
      await stored(lake, 5);
      assert.equal((await rows(target)).length, 60);
    });

    test('the largest files are closed when memory runs out', async () => {
      const text = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 99_991).join(' ');
      const lake = await run(target, { rotate: { interval: '1h' }, memory: '1MiB' });
      const streams = Array.from({ length: 8 }, (_, i): Stream => ({ ...PODS, id: `pods@n${i}` }));
      for (const stream of streams) lake.open(stream, 1, undefined);
      let most = 0;
      for (let batch = 1; batch <= 10; batch++) {
        for (const stream of streams)
          write(
            lake,
            batch,
            pods(0, 4, {
              namespace: stream.id,
              resourceVersion: String(batch),
              id: `${stream.id}:${batch}`,
              object: JSON.stringify(text + batch),
            }),
            { stream },
          );
        most = Math.max(most, Number(lake.exporter.status().openBytes));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await lake.exporter.drain(AbortSignal.timeout(30_000));
      for (const stream of streams) assert.equal(lake.lastAck(stream.id), 10);
      assert.ok(most < 3 * 2 ** 20, `${most} bytes`);
      assert.equal((await rows(target)).length, 8 * 10 * 4);
      assert.equal(lake.exporter.status().openBytes, 0);
      assert.equal(lake.exporter.status().storingBytes, 0);
    });

    test('a replay after a crash before the commit replaces what was stored, whatever its batches and dates', async () => {
      const begin = positionAt(3, NOON / 1000);
      const first = await run(target);
      first.commits = false;
      first.open(PODS, 1, begin);
      write(first, 1, pods(0, 30));
      write(first, 2, pods(30, 60, { observedAt: NOON + DAY }));
      write(first, 3, pods(60, 61, { observedAt: NOON - 3 * DAY })); // waited through an outage
      first.cut(PODS.id);
      await stored(first, 3);
      assert.equal(data(target).length, 3);
      await end(first);

      const second = await run(target);
      second.open(PODS, 1, begin);
      for (let i = 0; i < 6; i++) write(second, i + 1, pods(i * 10, i * 10 + 10, { observedAt: NOON + DAY + 5 }));
      write(second, 7, pods(60, 61, { observedAt: NOON + DAY + 5 }));
      second.cut(PODS.id);
      await stored(second, 7);
      const ids = (await rows(target)).map((row) => row.id);
      assert.equal(ids.length, 61);
      assert.equal(new Set(ids).size, 61);
      assert.deepEqual(data(target), [
        'changes/cluster=demo/resource=pods/date=2026-02-01/pods-epoch1-000000000003.parquet',
      ]);
    });

    test('a first file that was never committed goes too, on any date', async () => {
      const first = await run(target);
      first.commits = false;
      first.open(PODS, 1, undefined);
      write(first, 1, [...pods(0, 5), ...pods(5, 10, { observedAt: NOON + DAY })]);
      first.cut(PODS.id);
      await stored(first, 1);
      await end(first);
      const second = await run(target);
      second.open(PODS, 1, undefined);
      write(second, 1, pods(0, 10, { observedAt: NOON + 2 * DAY }));
      second.cut(PODS.id);
      await stored(second, 1);
      assert.equal((await rows(target)).length, 10);
      assert.equal(data(target).length, 1);
    });

    test('what was committed, and what others wrote, stays', async () => {
      const lake = await run(target);
      lake.now = () => NOON / 1000;
      const other: Stream = { ...PODS, id: 'pods@team-a' };
      lake.open(PODS, 1, undefined);
      lake.open(other, 1, undefined);
      for (let i = 1; i <= 3; i++) {
        write(lake, i, [{ name: `a${i}` }]);
        write(lake, i, [{ name: `b${i}` }], { stream: other });
        lake.cut(PODS.id);
        lake.cut(other.id);
        await stored(lake, i);
        await stored(lake, i, other.id);
      }
      const position = lake.position(PODS.id);
      assert.equal(position?.sequence, 3);
      await end(lake);
      const again = await run(target);
      again.open(PODS, 1, position);
      write(again, 1, [{ name: 'a4' }]);
      again.cut(PODS.id);
      await stored(again, 1);
      assert.deepEqual(
        (await rows(target)).map((row) => row.name),
        ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3'],
      );
    });

    test('an idle stream that moves on lets go of leftovers as well', async () => {
      const begin = positionAt(3, NOON / 1000);
      const first = await run(target);
      first.commits = false;
      first.open(PODS, 1, begin);
      write(first, 1, pods(0, 1));
      first.cut(PODS.id);
      await stored(first, 1);
      await end(first);
      const second = await run(target);
      second.open(PODS, 1, begin);
      second.exporter.committed(PODS.id, positionAt(4, NOON / 1000));
      await until('the leftover has gone', () => data(target).length === 0);
    });

    test('a row that cannot be read goes to the dead letters before its file is acknowledged', async () => {
      const lake = await run(target);
      const letter = Promise.withResolvers<void>();
      lake.deadLetter = () => letter.promise;
      lake.open(PODS, 1, undefined);
      const lane = new LaneWriter();
      lane.append('', 'pods/default/bad', 'bad:1', 'UPDATED', Buffer.from([0]));
      lake.write(
        { stream: PODS, incarnation: 1, sequence: 1, table: 'changes', lane: lane.finish(), records: 1 },
        false,
      );
      write(lake, 2, pods(0, 1));
      lake.cut(PODS.id);
      await until(
        'the row is stored',
        async () => data(target).length === 1 && lake.exporter.status().storingFiles === 0,
      );
      assert.deepEqual(
        lake.rejects.map(({ id, key, error }) => [id, key, error.code]),
        [['bad:1', 'pods/default/bad', 'RECORD_REJECTED']],
      );
      assert.equal(lake.lastAck(), 0);
      letter.resolve();
      await stored(lake, 2);
      assert.equal((await rows(target)).length, 1);
    });

    test('a new incarnation voids the older one', async () => {
      const lake = await run(target);
      lake.open(PODS, 1, undefined);
      write(lake, 1, pods(0, 5));
      lake.open(PODS, 2, undefined);
      write(lake, 2, pods(5, 10));
      write(lake, 1, pods(0, 3), { incarnation: 2 });
      lake.cut(PODS.id);
      await stored(lake, 1);
      assert.deepEqual(
        (await rows(target)).map((row) => row.name),
        ['p0', 'p1', 'p2'],
      );
      assert.equal((await lake.metrics.pendingBytes.get()).values[0]?.value, 0);
    });

    test('a crashed encoder loses the streams that it held, and a replay stores them', async () => {
      const lake = await run(target);
      lake.open(PODS, 1, undefined);
      lake.open(DEPLOYMENTS, 1, undefined);
      write(lake, 1, pods(0, 5));
      await until('the batch is taken over', () => lake.lastAbsorbed() === 1);
      lake.crashThread();
      write(lake, 2, pods(5, 6));
      await until('the loss is told', () => lake.losses.length > 0);
      assert.match(lake.losses.join(), /^pods: .*ended/);
      lake.cut(PODS.id);
      write(lake, 1, [{ name: 'd' }], { stream: DEPLOYMENTS });
      lake.cut(DEPLOYMENTS.id);
      await stored(lake, 1, DEPLOYMENTS.id);
      lake.open(PODS, 2, undefined);
      write(lake, 1, pods(0, 6), { incarnation: 2 });
      lake.cut(PODS.id);
      await stored(lake, 1);
      assert.equal((await rows(target)).length, 7);
    });

    test('columns keep their types over runs', async () => {
      const fields: FieldColumn[] = [{ name: 'replicas' }, { name: 'since', type: 'timestamp' }];
      const first = await run(target);
      first.open(PODS, 1, undefined, fields);
      write(first, 1, [{ name: 'a', fields: { replicas: 1n, since: '2026-01-01T00:00:00Z' } }]);
      first.cut(PODS.id);
      await stored(first, 1);
      const position = first.position(PODS.id);
      await end(first);
      const second = await run(target);
      second.open(PODS, 1, position, fields);
      write(second, 1, [
        { name: 'b', fields: { replicas: 'many' } },
        { name: 'c', fields: { replicas: 3.0 } },
      ]);
      second.cut(PODS.id);
      await stored(second, 1);
      const found = (await rows(target)).map(({ name, replicas, since }) => [name, replicas, since]);
      assert.deepEqual(found, [
        ['a', '1', '2026-01-01 00:00:00+00'],
        ['b', null, null],
        ['c', '3', null],
      ]);
      const misfits = (await second.metrics.fieldErrors.get()).values;
      assert.deepEqual(
        misfits.map(({ labels, value }) => [labels.field, value]),
        [['replicas', 1]],
      );
    });

    test('the inventory has its own table', async () => {
      const lake = await run(target);
      lake.open(PODS, 1, undefined);
      write(lake, 1, pods(0, 3, { operation: 'SNAPSHOT', object: '{}' }), { table: 'inventory' });
      lake.cut(PODS.id);
      await stored(lake, 1);
      assert.deepEqual(data(target), [
        'inventory/cluster=demo/resource=pods/date=2026-01-31/pods-epoch1-000000000000-20260131T120000123456Z.parquet',
      ]);
      assert.deepEqual(
        (await rows(target, 'inventory')).map((row) => row.as_of),
        Array(3).fill('2026-01-31 12:00:00.123456+00'),
      );
    });
  });
}
