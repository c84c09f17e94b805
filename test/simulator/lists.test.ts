import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { getJson, keyOf, type Seen, watchEvents } from './client.ts';

let simulator: Simulator;
before(async () => {
  simulator = await startSimulator({ objects: 400, rate: 0, namespaces: 3, seed: 7 });
});
after(async () => {
  await simulator.close();
});

test('pages of a list show one moment, also when objects change between them', async () => {
  const whole = await getJson(`${simulator.url}/api/v1/pods`);
  const first = await getJson(`${simulator.url}/api/v1/pods?limit=60`);
  await getJson(`${simulator.url}/__simulator/change?count=500`);
  const items = [...first.body.items!];
  assert.equal(first.body.metadata.remainingItemCount, whole.body.items!.length - 60);
  let token = first.body.metadata.continue;
  while (token !== undefined) {
    const page = await getJson(`${simulator.url}/api/v1/pods?limit=60&continue=${encodeURIComponent(token)}`);
    assert.equal(page.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    items.push(...page.body.items!);
    token = page.body.metadata.continue;
  }
  assert.deepEqual(items, whole.body.items);
});

test('a pod is about 5 KB, well formed and has what Kubernetes writes', async () => {
  const { body } = await getJson(`${simulator.url}/api/v1/pods?limit=8`);
  for (const item of body.items!) {
    assert.equal(item.kind, undefined, 'items of built-in resources carry no kind');
    const one = await getJson(
      `${simulator.url}/api/v1/namespaces/${item.metadata.namespace}/pods/${item.metadata.name}`,
    );
    const { kind, apiVersion, ...rest } = one.body;
    assert.deepEqual([kind, apiVersion], ['Pod', 'v1']);
    assert.deepEqual(rest, item);
    const size = JSON.stringify(item).length;
    assert.ok(size > 4000 && size < 7000, `${size} bytes`);
    assert.match(item.metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok('managedFields' in item.metadata && 'ownerReferences' in item.metadata);
  }
  const widgets = await getJson(`${simulator.url}/apis/example.com/v1/widgets?limit=1`);
  assert.equal(widgets.body.items![0]!.kind, 'Widget', 'items of custom resources carry their kind');
});

test('identities are unique over all resources', async () => {
  const { body } = await getJson<{
    resources: Record<string, { objects: Record<string, { uid: string; rv: string }> }>;
  }>(`${simulator.url}/__simulator/truth`);
  const all = Object.values(body.resources).flatMap((r) => Object.values(r.objects));
  assert.ok(all.length > 400);
  assert.equal(new Set(all.map((o) => o.uid)).size, all.length);
  assert.equal(new Set(all.map((o) => o.rv)).size, all.length);
});

test('the truth without the objects has the same hashes', async () => {
  type Hashes = { resources: Record<string, { hash: string }> };
  const hashes = async (query: string): Promise<Record<string, string>> => {
    const { body } = await getJson<Hashes>(`${simulator.url}/__simulator/truth${query}`);
    return Object.fromEntries(Object.entries(body.resources).map(([name, { hash }]) => [name, hash]));
  };
  assert.deepEqual(await hashes('?objects=false'), await hashes(''));
});

test('gadgets are discovered and listed as custom resources', async () => {
  const s = await startSimulator({
    objects: 20,
    rate: 0,
    gadgets: 3,
    resources: { 'gadgets002.gadgets.example.com': 1 },
  });
  const { body } = await getJson(`${s.url}/apis/gadgets.example.com/v1/gadgets002`);
  assert.equal(body.items!.length, 20);
  assert.deepEqual([body.items![0]!.apiVersion, body.items![0]!.kind], ['gadgets.example.com/v1', 'Gadget002']);
  await s.close();
});

test('lists and a watch that are held arrive whole, also where they are more than may be held', async () => {
  const s = await startSimulator({
    objects: 2000,
    rate: 0,
    held: true,
    heldBytes: 2 * 2 ** 20,
    resources: { pods: 1 },
  });
  // each goes on where it was once all are released, and so in turns
  const lists = [1, 2, 3].map(() => getJson(`${s.url}/api/v1/pods`));
  const watched = (async () => {
    let added = 0;
    const streaming = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    for await (const event of watchEvents(`${s.url}/api/v1/pods?${streaming}`)) {
      if (event.type === 'BOOKMARK') return added;
      added++;
    }
    return added;
  })();
  while ((await getJson<{ held: number }>(`${s.url}/__simulator/state`)).body.held < 4);
  const gone = connect(Number(new URL(s.url).port), '127.0.0.1');
  gone.write('GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n');
  while ((await getJson<{ held: number }>(`${s.url}/__simulator/state`)).body.held < 5);
  gone.destroy();
  while ((await getJson<{ held: number }>(`${s.url}/__simulator/state`)).body.held > 4);
  await getJson(`${s.url}/__simulator/release`);
  for (const list of lists) assert.equal(new Set((await list).body.items!.map(keyOf)).size, 2000);
  assert.equal(await watched, 2000);
  await s.close();
});

test('lists wait while they are held, and churn stops after its count', async () => {
  const s = await startSimulator({ objects: 20, rate: 2000, paused: true, held: true, resources: { pods: 1 } });
  type State = { held: number; changes: number; churning: boolean };
  const state = async (command = 'state'): Promise<State> =>
    (await getJson<State>(`${s.url}/__simulator/${command}`)).body;
  const list = getJson(`${s.url}/api/v1/pods`);
  while ((await state()).held === 0);
  await state('release');
  assert.equal((await list).body.items!.length, 20);
  await state('start-churn?count=150');
  while ((await state()).churning);
  assert.equal((await state()).changes, 150);
  const writes = (await getJson<[number, number][]>(`${s.url}/__simulator/writes`)).body;
  assert.equal(writes.at(-1)![0], Number((await getJson(`${s.url}/api/v1/pods`)).body.metadata.resourceVersion));
  await s.close();
});

test('selectors and namespaced paths give the objects they name', async () => {
  const all = (await getJson(`${simulator.url}/api/v1/pods`)).body.items!;
  const namespace = all[0]!.metadata.namespace!;
  const name = all[3]!.metadata.name;
  const cases: [string, (o: Seen) => boolean][] = [
    [`/namespaces/${namespace}/pods?`, (o) => o.metadata.namespace === namespace],
    [`/pods?fieldSelector=metadata.namespace!=${namespace}`, (o) => o.metadata.namespace !== namespace],
    [
      `/pods?fieldSelector=metadata.namespace!=${namespace},metadata.namespace!=kube-system`,
      (o) => ![namespace, 'kube-system'].includes(o.metadata.namespace!),
    ],
    [`/pods?fieldSelector=metadata.name=${name}`, (o) => o.metadata.name === name],
    ['/pods?labelSelector=tier=data', (o) => o.metadata.labels!.tier === 'data'],
    ['/pods?labelSelector=app in (web,api),tier', (o) => ['web', 'api'].includes(o.metadata.labels!.app!)],
    ['/pods?labelSelector=app notin (web,api)', (o) => !['web', 'api'].includes(o.metadata.labels!.app!)],
    ['/pods?labelSelector=!tier', () => false],
    ['/pods?labelSelector=app!=web', (o) => o.metadata.labels!.app !== 'web'],
  ];
  for (const [path, selects] of cases) {
    const { body } = await getJson(`${simulator.url}/api/v1${encodeURI(path)}`);
    assert.deepEqual(body.items!.map(keyOf), all.filter(selects).map(keyOf), path);
  }
  assert.equal((await getJson(`${simulator.url}/api/v1/pods?fieldSelector=spec.x=1`)).status, 400);
});

test('metadata alone can be listed', async () => {
  const { body } = await getJson(
    `${simulator.url}/apis/apps/v1/deployments?limit=2`,
    'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  );
  assert.equal(body.kind, 'PartialObjectMetadataList');
  assert.deepEqual(Object.keys(body.items![0]!), ['kind', 'apiVersion', 'metadata']);
});

test('discovery lists the resources, aggregated and not', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  const core = await getJson<{ items: { versions: { resources: { resource: string; verbs: string[] }[] }[] }[] }>(
    `${simulator.url}/api`,
    accept,
  );
  assert.match(core.type, /APIGroupDiscoveryList/);
  const plain = await getJson<{ resources: { name: string }[] }>(`${simulator.url}/api/v1`);
  const aggregated = core.body.items[0]!.versions[0]!.resources.map((r) => r.resource);
  assert.deepEqual(
    plain.body.resources.map((r) => r.name).filter((n) => !n.includes('/')),
    aggregated,
  );
  const groups = await getJson<{ groups: { name: string }[] }>(`${simulator.url}/apis`);
  assert.deepEqual(
    groups.body.groups.map((g) => g.name),
    ['apps', 'example.com'],
  );
  assert.equal((await getJson(`${simulator.url}/apis/apps/v1`)).status, 200);
  assert.equal((await getJson(`${simulator.url}/apis/none.example.com/v1`)).status, 404);
  assert.equal((await getJson(`${simulator.url}/api/v1/nothings`)).body.reason, 'NotFound');
  assert.equal((await getJson(`${simulator.url}/version`)).status, 200);
});

test('the kube-system namespace has a uid that stays with the seed', async () => {
  const { body } = await getJson(`${simulator.url}/api/v1/namespaces/kube-system`);
  const again = await startSimulator({ objects: 5, rate: 0, seed: 7 });
  assert.equal((await getJson(`${again.url}/api/v1/namespaces/kube-system`)).body.metadata.uid, body.metadata.uid);
  await again.close();
});

test('an expired continue token is a 410', async () => {
  const first = await getJson(`${simulator.url}/api/v1/pods?limit=10`);
  await getJson(`${simulator.url}/__simulator/expire`);
  const second = await getJson(`${simulator.url}/api/v1/pods?limit=10&continue=${first.body.metadata.continue}`);
  assert.deepEqual([second.status, second.body.reason], [410, 'Expired']);
});

test('owners are there, also after creates and deletes, and a few namespaces have most of the objects', async () => {
  const s = await startSimulator({ objects: 1000, rate: 0, turnover: 0.3 });
  const items = async (path: string): Promise<Seen[]> => (await getJson(`${s.url}${path}`)).body.items!;
  const owners = async (): Promise<Set<string>> => {
    const known = new Set<string>();
    for (const [kind, resource] of [
      ['Deployment', 'deployments'],
      ['ReplicaSet', 'replicasets'],
      ['StatefulSet', 'statefulsets'],
    ] as const)
      for (const { metadata } of await items(`/apis/apps/v1/${resource}`))
        known.add(`${kind} ${metadata.namespace} ${metadata.name} ${metadata.uid}`);
    return known;
  };
  const before = await owners();
  await getJson(`${s.url}/__simulator/change?count=5000`);
  const now = await owners();
  const kinds = new Map<string, number>();
  for (const { metadata } of [...(await items('/api/v1/pods')), ...(await items('/apis/apps/v1/replicasets'))]) {
    const [owner] = (metadata as { ownerReferences?: { kind: string; name: string; uid: string }[] }).ownerReferences!;
    const id = `${owner!.kind} ${metadata.namespace} ${owner!.name} ${owner!.uid}`;
    assert.ok(before.has(id) && now.has(id), `${metadata.name} is owned by ${id}`);
    kinds.set(owner!.kind, (kinds.get(owner!.kind) ?? 0) + 1);
  }
  assert.deepEqual(new Set(kinds.keys()), new Set(['ReplicaSet', 'StatefulSet', 'Deployment']));
  const pods = Map.groupBy(await items('/api/v1/pods'), (p) => p.metadata.namespace);
  const sizes = [...pods.values()].map((p) => p.length).sort((a, b) => b - a);
  assert.ok(sizes.length > 5 && sizes[0]! > sizes[sizes.length >> 1]! * 2, sizes.join());
  await s.close();
});
