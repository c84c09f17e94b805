import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EtcdHistory } from '../faults/etcd-history.ts';
import { Judge } from '../faults/judge.ts';
import { checkStream } from '../support/checker.ts';
import { KubeServer } from '../support/servers/kube.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';
import { BUSES, type Bus, type BusType } from './buses.ts';

const CHANGES = 5000;
const RESOURCES = ['configmaps', 'pods', 'secrets', 'widgets.example.com'];
const NAMESPACES = ['alpha', 'beta'];

let kube: KubeServer;
let history: EtcdHistory;
const buses = new Map<BusType, Bus>();
const program = new Watershard();

before(async () => {
  const apiFlags = ['--storage-media-type=application/json', '--etcd-compaction-interval=0'];
  const started = BUSES.map(async (type) => void buses.set(type, await type.start()));
  [kube] = await Promise.all([KubeServer.start({ apiFlags }), ...started]);
  const watched = (resource: string, namespace: string): boolean =>
    RESOURCES.includes(resource) && NAMESPACES.includes(namespace);
  history = new EtcdHistory(kube.etcdUrl, watched);
});
after(async () => {
  await program.kill();
  await history.stop();
  await Promise.all([kube.stop(), ...[...buses.values()].map((bus) => bus.stop())]);
});

/** Each record where it stands first: what was repeated after a break is behind it. */
function once(records: readonly SeenRecord[]): SeenRecord[] {
  const ids = new Set<string>();
  return records.filter(({ id }) => !ids.has(id) && ids.add(id));
}

async function notReady(name: string): Promise<void> {
  let said = '';
  await until(
    () => `/readyz tells of exporter ${name}; it said: ${said}`,
    async () => {
      said = await (await fetch(`${program.url}/readyz`)).text();
      return said.includes(`exporter ${name}:`);
    },
  );
}

test(`${CHANGES} changes through every bus at once, each killed once: every one has what etcd has, in order for each object`, async () => {
  const kinds = KINDS.filter(({ name }) => RESOURCES.includes(name));
  const workload = new Workload(kube, 1, NAMESPACES, kinds);
  await workload.prepare();
  history.start();
  await program.start({
    cluster: { name: 'demo' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: RESOURCES, namespaces: { include: NAMESPACES } },
    rules: [{ resources: ['configmaps'], diff: 'merge-patch' }],
    workers: 2,
    exporters: BUSES.map((type) => ({ name: type.name, encoding: 'json', ...buses.get(type)?.exporter })),
  });
  await program.ready();

  const share = Math.ceil(CHANGES / (2 * BUSES.length));
  for (const type of BUSES) {
    const bus = buses.get(type) as Bus;
    await workload.churn(share);
    const going = workload.churn(share);
    await bus.kill();
    await notReady(type.name);
    await going;
    await bus.restart();
  }
  while (workload.writes.length < CHANGES) await workload.churn(CHANGES - workload.writes.length);
  await program.ready(90);
  await program.settled();
  await history.caughtUp();

  const found = new Map<string, SeenRecord[]>();
  for (const [type, bus] of buses) found.set(type.name, once(await bus.read()));
  const all = new Set(found.get(BUSES[0]?.name ?? '')?.map(({ id }) => id));
  assert.ok(all.size >= CHANGES, `${all.size} records`);
  for (const { name, forgets } of BUSES) {
    const records = found.get(name) ?? [];
    try {
      if (forgets !== true) {
        new Judge().judge(records, history.lives);
        assert.equal(records.length, all.size);
        continue;
      }
      assert.ok(records.length > CHANGES / 2, `${records.length} records`);
      assert.deepEqual(records.filter(({ id }) => !all.has(id)).slice(0, 5), []);
      checkStream(records);
    } catch (cause) {
      throw new Error(`${name}: ${String(cause)}`, { cause });
    }
  }
  assert.doesNotMatch(program.log, /\n {4}at /, 'no stack trace is logged');
  assert.equal(await program.stop(), 0);
});
