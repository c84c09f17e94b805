import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkWrites } from '../support/checker.ts';
import { DuckDb } from '../support/duckdb.ts';
import { KubeServer } from '../support/servers/kube.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

describe('without any server but the API server: embedded state, a file of lines, Parquet in a folder', () => {
  let kube: KubeServer;
  let db: DuckDb;
  let workload: Workload;
  const program = new Watershard();
  const lines = join(program.folder, 'out', 'changes.jsonl');
  const lake = join(program.folder, 'lake');
  let listed = 0;
  const start = (): Promise<void> =>
    program.start({
      cluster: { name: 'demo' },
      kubeconfig: kube.kubeconfig,
      watch: { resources: ['configmaps', 'secrets', 'services'], namespaces: { exclude: ['kube-system'] } },
      workers: 2,
      exporters: [
        { name: 'lines', type: 'file', path: lines },
        { name: 'lake', type: 'parquet', url: lake, rotate: { interval: '1s' } },
      ],
    });
  before(async () => {
    [kube, db] = await Promise.all([KubeServer.start(), DuckDb.open()]);
    workload = new Workload(
      kube,
      61,
      NAMESPACES,
      KINDS.filter((k) => ['configmaps', 'secrets', 'services'].includes(k.name)),
    );
    await workload.prepare();
    await workload.create(500);
    listed = workload.writes.length;
    await start();
    await program.ready();
  });
  after(async () => {
    await program.kill();
    db.close();
    await kube.stop();
  });

  async function settled(): Promise<void> {
    await program.ready();
    let last = -1;
    let still = 0;
    await until('everything is delivered', async () => {
      const { streams, totals } = await program.status();
      still = totals.records === last && streams.every((s) => s.lagSeconds === 0) ? still + 1 : 0;
      last = totals.records;
      return still >= 12;
    });
  }
  /** The lines, and each record once: a consumer knows a repeated one by its id. */
  function records(): { all: SeenRecord[]; once: SeenRecord[] } {
    const text = readFileSync(lines, 'utf8');
    assert.ok(text.endsWith('\n'), 'the last line is whole');
    const parse = (line: string): SeenRecord => JSON.parse(line) as SeenRecord;
    const all = text.trimEnd().split('\n').map(parse);
    const first = new Map<string, SeenRecord>();
    for (const r of all) if (!first.has(r.id)) first.set(r.id, { ...r, messageId: r.id });
    return { all, once: [...first.values()] };
  }
  async function check(): Promise<void> {
    const { once } = records();
    checkStream(once);
    checkWrites(once, workload.writes.slice(listed), 'the lines');
    checkLiving(once, workload, NAMESPACES);
    const rows = (await db.table(lake, 'changes')).map((r) => String(r.id));
    assert.deepEqual(rows.toSorted(), once.map((r) => r.id).toSorted());
  }

  test('everything is there', async () => {
    await workload.churn(300);
    await settled();
    await check();
    const { all, once } = records();
    assert.equal(all.length, once.length);
    assert.equal((await program.status()).state.kind, 'embedded');
  });

  test('stopped and started: only what changed meanwhile, once', async () => {
    assert.equal(await program.stop(), 0);
    const before = records().all.length;
    const from = workload.writes.length;
    await workload.churn(100);
    await start();
    await settled();
    await check();
    assert.equal(records().all.length - before, workload.writes.length - from);
    assert.doesNotMatch(await program.metrics(), /watershard_lists_total\{/);
  });

  test('killed under load, three times: nothing is missing, the table has nothing twice', async () => {
    for (let i = 0; i < 3; i++) {
      const load = workload.churn(300);
      await wait(400 + i * 300);
      await program.kill();
      await load;
      await start();
      await wait(1200);
    }
    await settled();
    await check();
  });

  test('a second instance on the same folder waits and says why; it goes on when the first has ended', async () => {
    const second = new Watershard();
    try {
      await second.start({
        cluster: { name: 'demo' },
        kubeconfig: kube.kubeconfig,
        watch: { resources: ['configmaps'] },
        dataDir: join(program.folder, 'data'),
        exporters: [{ name: 'lines', type: 'file', path: join(second.folder, 'other.jsonl') }],
      });
      await until('it says why it waits', async () => {
        const { ready, reasons } = await second.status();
        return !ready && /held|another instance|locked/i.test(reasons.join());
      });
      await program.kill();
      await second.ready(30);
    } finally {
      await second.kill();
    }
  });
});
