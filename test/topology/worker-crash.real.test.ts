import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { shardOf } from '../../src/shard/assignment.ts';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const SMALL = KINDS.filter((k) => ['configmaps', 'pods', 'secrets', 'serviceaccounts'].includes(k.name));
const GVKS = { configmaps: 'ConfigMap', pods: 'Pod', secrets: 'Secret', serviceaccounts: 'ServiceAccount' };
const WORKERS = 2;
const shardOfKind = (resource: string, kind: string): number =>
  shardOf({ group: '', version: 'v1', kind, resource, namespaced: true }, WORKERS);
const SHARD = shardOfKind('configmaps', 'ConfigMap');

/** A rule as a user might write it; of most objects it reads nothing, and of two kinds of object it is the end of the thread. */
const RULE = {
  resources: ['configmaps'],
  extract: {
    // A list for each word of a list: as many values as the two are long, multiplied.
    words: "object.data.outer.split(',').map(w, object.data.inner.split(','))",
    // A pass over a long text for each word.
    found: "object.data.many.split(',').exists(w, w + 'z' in object.data.long.split(','))",
  },
};
const OUT_OF_MEMORY = { outer: ','.repeat(20_000), inner: ','.repeat(200_000) };
const ENDLESS = { many: ','.repeat(200_000), long: ','.repeat(200_000) };

describe('a worker thread that ends is replaced, and a poisonous object is set aside', () => {
  let rig: Rig;
  let workload: Workload;
  let listed = 0;

  const config = (): Record<string, unknown> =>
    rig.config({
      watch: { resources: SMALL.map((k) => k.name), namespaces: { exclude: ['kube-system'] } },
      rules: [RULE],
      workers: WORKERS,
      flow: { taskTimeout: '3s', workerHeap: '96MiB' },
    });
  const path = (name: string): string => `/api/v1/namespaces/alpha/configmaps${name === '' ? '' : `/${name}`}`;
  async function create(name: string, data: Record<string, string>): Promise<string> {
    const made = await rig.kube.must('POST', path(''), { metadata: { name }, data });
    return made.metadata.uid as string;
  }
  const quarantined = async (): Promise<number> => {
    const found = /records_quarantined_total\{stream="configmaps",reason="OBJECT_POISONOUS"\} (\d+)/;
    return Number(found.exec(await rig.program.metrics())?.[1] ?? 0);
  };
  const restarts = async (): Promise<number[]> => (await rig.program.status()).shards.map((s) => s.restarts);
  const of = (records: readonly SeenRecord[], uid: string): string[] =>
    records.filter((r) => r.uid === uid).map((r) => r.operation);

  /** Each of these has ended two threads, the first to be suspected and the second to be sure, and nothing else has ended one. */
  async function endedOnlyBy(...names: string[]): Promise<void> {
    const verdicts = rig.program.log
      .split('\n')
      .filter((line) => line.includes('"verdict"'))
      .map((line) => JSON.parse(line) as { key?: string; verdict: string })
      .map(({ key, verdict }) => `${key} ${verdict}`);
    assert.deepEqual(
      verdicts,
      names.flatMap((name) => [`alpha/${name} suspected`, `alpha/${name} quarantined`]),
    );
    assert.equal((await restarts())[SHARD], verdicts.length);
  }

  async function underLoad(work: () => Promise<void>): Promise<void> {
    let on = true;
    const load = (async () => {
      while (on) await workload.churn(30);
    })();
    try {
      await work();
    } finally {
      on = false;
      await load;
    }
  }

  /** Everything but what was set aside is there, once and in order. @returns the stream */
  async function check(others: readonly string[]): Promise<SeenRecord[]> {
    await rig.program.ready();
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes.slice(listed), 'the stream');
    const uids = new Set(others);
    checkLiving(
      records.filter((r) => !uids.has(r.uid)),
      workload,
      NAMESPACES,
    );
    checkTable(await rig.rows(), records);
    return records;
  }

  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 7, NAMESPACES, SMALL);
    await workload.prepare();
    await workload.create(400);
    listed = workload.writes.length;
  });
  after(() => rig.stop());

  test('there are streams on the other shard', () => {
    assert.ok(Object.entries(GVKS).some(([resource, kind]) => shardOfKind(resource, kind) !== SHARD));
  });

  const poison: string[] = [];

  test('in the first list: all the others are delivered', async () => {
    poison.push(await create('poison-listed', OUT_OF_MEMORY));
    await rig.program.start(config());
    const records = await check(poison);
    assert.deepEqual(of(records, poison[0] as string), []);
    assert.ok((await quarantined()) >= 1);
    await endedOnlyBy('poison-listed');
    assert.equal((await restarts())[1 - SHARD], 0, 'the other shard goes on');
    assert.match(rig.program.log, /"key":"alpha\/poison-listed"/);
    assert.ok(!rig.program.log.includes(',,,,,,,,'), 'the log shows nothing of the object');
  });

  test('created under load, out of memory', async () => {
    const before = await quarantined();
    await underLoad(async () => {
      poison.push(await create('poison-memory', OUT_OF_MEMORY));
      await until('it is set aside', async () => (await quarantined()) > before, 60);
    });
    const records = await check(poison);
    assert.deepEqual(of(records, poison[1] as string), []);
    await endedOnlyBy('poison-listed', 'poison-memory');
  });

  test('an object that was delivered becomes poisonous under load, endless: its delete is still told', async () => {
    const before = await quarantined();
    const uid = await create('poison-later', { value: '1' });
    poison.push(uid);
    await underLoad(async () => {
      await rig.kube.must('PATCH', path('poison-later'), { data: ENDLESS });
      await until('it is set aside', async () => (await quarantined()) > before, 60);
    });
    assert.deepEqual(of(await check(poison), uid), ['CREATED']);
    assert.match(rig.program.log, /a task took longer than 3000 ms/);
    await rig.kube.must('DELETE', path('poison-later'));
    assert.deepEqual(of(await check(poison), uid), ['CREATED', 'DELETED']);
  });

  test('an object that is poisonous no more is delivered again', async () => {
    await rig.kube.must('PATCH', path('poison-memory'), { data: { outer: 'a,b', inner: 'c' } });
    const records = await check(poison);
    const last = records.findLast((r) => r.uid === poison[1]);
    assert.equal(last?.operation, 'UPDATED');
    assert.deepEqual(last?.fields?.words, [['c'], ['c']]);
    await rig.kube.must('DELETE', path('poison-listed'));
    assert.deepEqual(of(await check(poison), poison[0] as string), [], 'it was never told of');
    await endedOnlyBy('poison-listed', 'poison-memory', 'poison-later');
  });

  test('streams of the other shard were never restarted', async () => {
    assert.equal((await restarts())[1 - SHARD], 0);
    const again = new Set(
      rig.program.log
        .split('\n')
        .filter((line) => line.includes('a stream begins again'))
        .map((line) => (JSON.parse(line) as { stream: string }).stream),
    );
    for (const stream of again) assert.equal(shardOfKind(stream, GVKS[stream as keyof typeof GVKS]), SHARD, stream);
    assert.ok(again.has('configmaps'));
  });

  test('threads ended at random moments under load', async () => {
    const before = (await restarts())[SHARD] as number;
    await underLoad(async () => {
      for (let i = 0; i < 4; i++) {
        poison.push(await create(`poison-${i}`, OUT_OF_MEMORY));
        await new Promise((r) => setTimeout(r, 300 * i));
        await rig.kube.must('DELETE', path(`poison-${i}`));
        await new Promise((r) => setTimeout(r, 700));
      }
      await until('threads were replaced', async () => ((await restarts())[SHARD] as number) > before, 60);
    });
    await check(poison);
    const ended = ((await restarts())[SHARD] as number) - before;
    assert.ok(ended <= 8, `${ended} restarts: an object costs two, or less where it was deleted in time`);
  });
});
