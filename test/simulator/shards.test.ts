import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { shardSelector } from '../../src/model/watch-shard.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { getJson, keyOf, watchEvents } from './client.ts';

let simulator: Simulator;
let old: Simulator;
before(async () => {
  simulator = await startSimulator({ objects: 400, rate: 0, namespaces: 3, seed: 7 });
  old = await startSimulator({ objects: 40, rate: 0, seed: 7, shardSelector: false });
});
after(async () => {
  await Promise.all([simulator.close(), old.close()]);
});

const asked = (index: number, key: 'uid' | 'namespace' = 'uid'): string =>
  encodeURIComponent(shardSelector({ index, count: 2, key }));
interface List {
  readonly metadata: { readonly resourceVersion: string; readonly shardInfo?: { readonly selector: string } };
  readonly items: { readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string } }[];
}

test('lists of two shards make the whole one, and say what they are of', async () => {
  const whole = await getJson<List>(`${simulator.url}/api/v1/pods`);
  for (const key of ['uid', 'namespace'] as const) {
    const shards = await Promise.all(
      [0, 1].map((i) => getJson<List>(`${simulator.url}/api/v1/pods?shardSelector=${asked(i, key)}`)),
    );
    assert.deepEqual(
      shards.map((s) => s.body.metadata.shardInfo?.selector),
      [0, 1].map((index) => shardSelector({ index, count: 2, key })),
    );
    const uids = shards.flatMap((s) => s.body.items.map((o) => o.metadata.uid));
    assert.deepEqual(uids.sort(), whole.body.items.map((o) => o.metadata.uid).sort());
    if (key === 'namespace') continue;
    for (const { body } of shards) assert.ok(body.items.length > 0.35 * whole.body.items.length);
  }
});

test('a watch sends what is of its shard', async () => {
  const { body } = await getJson<List>(`${simulator.url}/api/v1/pods?limit=1`);
  const seen = await Promise.all(
    [0, 1].map(async (i) => {
      const query = `watch=1&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}&shardSelector=${asked(i)}`;
      const keys: string[] = [];
      const events = watchEvents(`${simulator.url}/api/v1/pods?${query}`);
      if (i === 0) await getJson(`${simulator.url}/__simulator/change?count=200`);
      for await (const event of events) keys.push(keyOf(event.object));
      return new Set(keys);
    }),
  );
  assert.ok(seen.every((keys) => keys.size > 5));
  assert.deepEqual(
    [...seen[0]!].filter((key) => seen[1]!.has(key)),
    [],
  );
});

test('what it does not understand it refuses as an API server does, and another one ignores it', async () => {
  const refused = await fetch(`${simulator.url}/api/v1/pods?shardSelector=foo(1)`);
  assert.equal(refused.status, 500);
  assert.match(await refused.text(), /invalid shard selector/);
  const ignored = await getJson<List>(`${old.url}/api/v1/pods?shardSelector=${asked(0)}`);
  const whole = await getJson<List>(`${old.url}/api/v1/pods`);
  assert.deepEqual(ignored.body, whole.body);
});
