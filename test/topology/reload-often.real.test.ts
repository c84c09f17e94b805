import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkWrites } from '../support/checker.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const RELOADS = 12;

interface Line {
  readonly id: string;
  readonly uid: string;
  readonly namespace: string;
  readonly operation: string;
  readonly resourceVersion: string;
}

/** A file of lines deduplicates nothing: what is written twice stands there twice. */
describe('many changes of the configuration, with the embedded state and a file of lines', () => {
  let kube: KubeServer;
  let workload: Workload;
  const program = new Watershard();
  const file = join(program.folder, 'changes.jsonl');
  before(async () => {
    kube = await KubeServer.start();
    workload = new Workload(
      kube,
      71,
      NAMESPACES,
      KINDS.filter((k) => ['configmaps', 'secrets', 'services'].includes(k.name)),
    );
    await workload.prepare();
    await workload.create(200);
    await program.start(config(0));
    await program.ready(90);
  });
  after(async () => {
    await program.kill();
    await kube.stop();
  });

  const config = (nth: number): Record<string, unknown> => ({
    cluster: { name: 'demo' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps', 'secrets', 'services'], namespaces: { exclude: ['kube-system'] } },
    workers: 1 + (nth % 2),
    rules: [{ resources: ['configmaps'], extract: { [`tier${nth}`]: "object.metadata.labels['example.com/tier']" } }],
    exporters: [{ name: 'lines', type: 'file', path: file }],
  });
  const applied = async (): Promise<number> => {
    const found = /^watershard_config_reloads_total\{result="applied"\} (\d+)$/m.exec(await program.metrics());
    return Number(found?.[1] ?? 0);
  };
  const held = (): { threads: number; files: number } => ({
    threads: readdirSync(`/proc/${program.pid}/task`).length,
    files: readdirSync(`/proc/${program.pid}/fd`).length,
  });
  const lines = (): Line[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l) as Line);

  function check(): void {
    const ids = new Set<string>();
    const versions = new Map<string, number>();
    for (const line of lines()) {
      assert.ok(!ids.has(line.id), `${line.id} stands twice`);
      ids.add(line.id);
      const version = line.operation === 'DELETED' ? Number.POSITIVE_INFINITY : Number(line.resourceVersion);
      assert.ok(version > (versions.get(line.uid) ?? 0), `${line.id} is behind a later one`);
      versions.set(line.uid, version);
    }
    checkWrites(lines(), workload.writes, 'the file');
  }

  test('under load no record is missing, repeated or out of order, and nothing is left behind', async () => {
    let busy = true;
    const load = (async () => {
      while (busy) await workload.churn(60);
    })();
    let first: { threads: number; files: number } | undefined;
    try {
      for (let nth = 1; nth <= RELOADS; nth++) {
        program.configure(config(nth));
        await until(`change ${nth} is applied`, async () => (await applied()) === nth);
        await program.ready();
        if (nth === 2) first = held();
      }
    } finally {
      busy = false;
    }
    await load;
    await program.settled();
    const last = held();
    // By then as many workers run as at the second change; the pool of libuv and sockets come and go.
    assert.ok(last.threads <= first!.threads + 4, `threads: ${first!.threads}, then ${last.threads}`);
    assert.ok(last.files <= first!.files + 12, `open files: ${first!.files}, then ${last.files}`);
    assert.doesNotMatch(program.log, /MaxListenersExceeded|"level":(4|5|6)0/);
    check();
  });

  test('a change in the middle of another is taken up, and SIGTERM in the middle of one ends it all', async () => {
    const before = await applied();
    for (const nth of [20, 21, 22]) {
      program.configure(config(nth));
      await workload.churn(20);
    }
    await until('the last is applied', async () => {
      const { config } = await program.status();
      return config?.reloading === false && (await applied()) > before && readsLast(config.hash);
    });
    program.configure(config(23));
    await until('it is being applied', async () => (await program.status()).config?.reloading === true);
    assert.equal(await program.stop(), 0);
    await workload.churn(30);
    await program.start(config(23));
    await program.ready();
    await program.settled();
    assert.equal(await program.stop(), 0);
    check();
  });

  function readsLast(hash: string): boolean {
    return createHash('sha256').update(readFileSync(program.configFile)).digest('hex').startsWith(hash);
  }
});
