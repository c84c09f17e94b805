import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { getJson, keyOf, type Seen, type WatchEvent, watchEvents } from './client.ts';

interface Truth {
  readonly resourceVersion: string;
  readonly changes: number;
  readonly watches: number;
  readonly resources: Record<
    string,
    {
      count: number;
      resourceVersion: string;
      created: number;
      updated: number;
      deleted: number;
      hash: string;
      objects: Record<string, { uid: string; rv: string; changedRv: string }>;
    }
  >;
}

async function simulated(options: Partial<SimulatorOptions>, run: (s: Simulator) => Promise<void>): Promise<void> {
  const simulator = await startSimulator(options);
  try {
    await run(simulator);
  } finally {
    await simulator.close();
  }
}

const truthOf = async (s: Simulator): Promise<Truth> => (await getJson<Truth>(`${s.url}/__simulator/truth`)).body;
const STREAMING = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

/** Applies an event as a client would, and checks that it fits what the client knows. */
function apply(known: Map<string, Seen>, event: WatchEvent): void {
  const key = keyOf(event.object);
  const before = known.get(key);
  if (event.type === 'ADDED') assert.equal(before, undefined, `${key} was there`);
  else {
    assert.equal(before?.metadata.uid, event.object.metadata.uid);
    assert.ok(Number(event.object.metadata.resourceVersion) > Number(before?.metadata.resourceVersion));
  }
  if (event.type === 'DELETED') known.delete(key);
  else known.set(key, event.object);
}

function summary(known: Map<string, Seen>): Record<string, string> {
  return Object.fromEntries([...known].map(([key, o]) => [key, `${o.metadata.uid}:${o.metadata.resourceVersion}`]));
}

function expected(truth: Truth, resource: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(truth.resources[resource]!.objects).map(([key, o]) => [key, `${o.uid}:${o.rv}`]),
  );
}

for (const mode of ['list and watch', 'streaming list'] as const) {
  test(`what a client puts together is the truth: ${mode}, changes as fast as it reads`, async () => {
    await simulated({ objects: 600, rate: 'max', turnover: 0.2, resources: { pods: 3, configmaps: 1 } }, async (s) => {
      const known = new Map<string, Seen>();
      let from = '';
      if (mode === 'list and watch') {
        const { body } = await getJson(`${s.url}/api/v1/pods`);
        for (const item of body.items!) known.set(keyOf(item), item);
        from = `watch=1&allowWatchBookmarks=true&resourceVersion=${body.metadata.resourceVersion}`;
      }
      let events = 0;
      let last: Truth | undefined;
      for await (const event of watchEvents(`${s.url}/api/v1/pods?${from || STREAMING}`)) {
        if (event.type !== 'BOOKMARK') apply(known, event);
        if (++events === 5000) {
          await getJson(`${s.url}/__simulator/stop-churn`);
          last = await truthOf(s);
        }
        if (last !== undefined && event.object.metadata.resourceVersion === last.resources.pods!.resourceVersion) break;
      }
      const pods = last!.resources.pods!;
      assert.ok(pods.created > 0 && pods.updated > 0 && pods.deleted > 0);
      assert.equal(known.size, pods.count);
      assert.deepEqual(summary(known), expected(last!, 'pods'));
    });
  });
}

test('a streaming list ends its initial events with a bookmark', async () => {
  await simulated({ objects: 50, rate: 0, resources: { 'widgets.example.com': 1 } }, async (s) => {
    const seen: WatchEvent[] = [];
    for await (const event of watchEvents(`${s.url}/apis/example.com/v1/widgets?${STREAMING}`)) {
      seen.push(event);
      if (event.type === 'BOOKMARK') break;
    }
    assert.deepEqual(new Set(seen.slice(0, -1).map((e) => e.type)), new Set(['ADDED']));
    assert.equal(seen.length, 51);
    assert.equal(seen.at(-1)!.object.metadata.annotations!['k8s.io/initial-events-end'], 'true');
    assert.equal(seen.at(-1)!.object.metadata.resourceVersion, (await truthOf(s)).resourceVersion);
  });
});

test('a server without streaming lists refuses them', async () => {
  await simulated({ objects: 5, rate: 0, streamingLists: false }, async (s) => {
    assert.equal((await getJson(`${s.url}/api/v1/pods?${STREAMING}`)).status, 422);
  });
});

test('bookmarks come while nothing happens, and the server ends the watch in time', async () => {
  await simulated({ objects: 5, rate: 0, bookmarkSeconds: 0.1 }, async (s) => {
    const { body } = await getJson(`${s.url}/api/v1/pods`);
    const types: string[] = [];
    for await (const event of watchEvents(
      `${s.url}/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`,
    ))
      types.push(event.type);
    assert.ok(types.length >= 2 && types.every((t) => t === 'BOOKMARK'));
    const quiet: string[] = [];
    for await (const event of watchEvents(
      `${s.url}/api/v1/pods?watch=true&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`,
    ))
      quiet.push(event.type);
    assert.deepEqual(quiet, []);
  });
});

test('a watch goes on at a resourceVersion of the window and is refused with 410 before it', async () => {
  await simulated({ objects: 40, rate: 0, window: 64, resources: { pods: 1 } }, async (s) => {
    const start = (await getJson(`${s.url}/api/v1/pods`)).body.metadata.resourceVersion;
    await getJson(`${s.url}/__simulator/change?count=64`);
    const whole: string[] = [];
    for await (const event of watchEvents(`${s.url}/api/v1/pods?watch=1&timeoutSeconds=1&resourceVersion=${start}`))
      whole.push(event.object.metadata.resourceVersion);
    assert.deepEqual(
      whole,
      Array.from({ length: 64 }, (_, i) => String(Number(start) + i + 1)),
    );
    await getJson(`${s.url}/__simulator/change?count=1`);
    const refused: WatchEvent[] = [];
    for await (const event of watchEvents(`${s.url}/api/v1/pods?watch=1&resourceVersion=${start}`)) refused.push(event);
    assert.equal(refused.length, 1);
    assert.deepEqual([refused[0]!.type, refused[0]!.object.code, refused[0]!.object.reason], ['ERROR', 410, 'Expired']);
  });
});

test('a reader that stops reading holds up neither the memory nor the others', async () => {
  await simulated({ objects: 100, rate: 0, window: 1024, resources: { pods: 1 } }, async (s) => {
    const start = (await getJson(`${s.url}/api/v1/pods`)).body.metadata.resourceVersion;
    const socket = connect(Number(new URL(s.url).port), '127.0.0.1');
    socket.pause();
    socket.write(`GET /api/v1/pods?watch=1&resourceVersion=${start} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (const deadline = Date.now() + 10_000; (await truthOf(s)).watches === 0; ) assert.ok(Date.now() < deadline);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 50; i++) await getJson(`${s.url}/__simulator/change?count=1000`);
    assert.ok(process.memoryUsage().rss - before < 150e6, '50,000 events are about 260 MB');
    assert.equal((await truthOf(s)).watches, 0, 'it fell out of the window');
    socket.destroy();
  });
});

test('selected watches give only what they select', async () => {
  await simulated({ objects: 100, rate: 0, namespaces: 2, resources: { pods: 1 } }, async (s) => {
    const { body } = await getJson(`${s.url}/api/v1/namespaces/default/pods?labelSelector=tier%3Ddata`);
    await getJson(`${s.url}/__simulator/change?count=400`);
    const known = new Map(body.items!.map((i) => [keyOf(i), i]));
    for await (const event of watchEvents(
      `${s.url}/api/v1/namespaces/default/pods?watch=1&labelSelector=tier%3Ddata&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`,
    ))
      apply(known, event);
    const now = await getJson(`${s.url}/api/v1/namespaces/default/pods?labelSelector=tier%3Ddata`);
    assert.deepEqual(summary(known), summary(new Map(now.body.items!.map((i) => [keyOf(i), i]))));
  });
});

test('the same seed makes the same changes, another one others', async () => {
  const run = async (seed: number): Promise<string> => {
    let hash = '';
    await simulated({ objects: 300, rate: 0, seed, turnover: 0.1 }, async (s) => {
      await getJson(`${s.url}/__simulator/change?count=3000`);
      hash = JSON.stringify(Object.entries((await truthOf(s)).resources).map(([name, r]) => [name, r.hash]));
    });
    return hash;
  };
  const [a, b, c] = [await run(3), await run(3), await run(4)];
  assert.equal(a, b);
  assert.notEqual(a, c);
});

test('heartbeats and touches change only what they say', async () => {
  await simulated(
    { objects: 20, rate: 0, turnover: 0, heartbeats: 0.5, touches: 0.5, resources: { pods: 1 } },
    async (s) => {
      const before = new Map((await getJson(`${s.url}/api/v1/pods`)).body.items!.map((i) => [keyOf(i), i]));
      await getJson(`${s.url}/__simulator/change?count=200`);
      for (const now of (await getJson(`${s.url}/api/v1/pods`)).body.items!) {
        const plain = (o: Seen): unknown => ({
          ...o,
          metadata: {
            ...o.metadata,
            resourceVersion: '',
            managedFields: [],
            annotations: { ...o.metadata.annotations, 'example.com/heartbeat': '' },
          },
        });
        assert.deepEqual(plain(now), plain(before.get(keyOf(now))!));
      }
      const { objects } = (await truthOf(s)).resources.pods!;
      for (const [key, o] of Object.entries(objects))
        assert.equal(o.changedRv, before.get(key)!.metadata.resourceVersion);
    },
  );
});

for (const [name, heldBytes] of [
  ['prepared changes are sent when the churn starts', 2 ** 30],
  ['prepared changes that take too much memory are made when the churn starts', 4 * 2 ** 20],
] as const) {
  test(name, async () => {
    const options = { objects: 400, rate: 'max', paused: true, window: 256, turnover: 0.1, heldBytes } as const;
    await simulated({ ...options, resources: { pods: 1, configmaps: 1 } }, async (s) => {
      const known = { pods: new Map<string, Seen>(), configmaps: new Map<string, Seen>() };
      let events = 0;
      let reading = 0;
      const version = { pods: '', configmaps: '' };
      const read = async (resource: 'pods' | 'configmaps'): Promise<void> => {
        for await (const event of watchEvents(`${s.url}/api/v1/${resource}?${STREAMING}`)) {
          if (event.type === 'BOOKMARK') reading++;
          else apply(known[resource], event);
          events++;
          version[resource] = event.object.metadata.resourceVersion;
        }
      };
      const readers = Promise.all([read('pods'), read('configmaps')]);
      while (reading < 2) await setImmediate();
      const before = events;
      const { body } = await getJson<Truth>(`${s.url}/__simulator/prepare?count=5000`);
      assert.equal(body.changes === 5000, heldBytes > 2 ** 29, `${body.changes} are made`);
      await setTimeout(50);
      assert.equal(events, before);
      await getJson(`${s.url}/__simulator/prepare?count=0`);
      await getJson(`${s.url}/__simulator/start-churn?count=6000`);
      let truth: Truth;
      do truth = await truthOf(s);
      while (
        truth.changes < 6000 ||
        version.pods !== truth.resources.pods!.resourceVersion ||
        version.configmaps !== truth.resources.configmaps!.resourceVersion
      );
      assert.deepEqual(summary(known.pods), expected(truth, 'pods'));
      assert.deepEqual(summary(known.configmaps), expected(truth, 'configmaps'));
      assert.equal(events - before, 6000);
      await getJson(`${s.url}/__simulator/end-watches`);
      await readers;
    });
  });
}

test('a watch goes on where nothing was prepared', async () => {
  await simulated({ objects: 5, rate: 'max', paused: true, turnover: 0, resources: { pods: 1 } }, async (s) => {
    let changes = 0;
    for await (const event of watchEvents(`${s.url}/api/v1/pods?${STREAMING}`)) {
      if (event.type === 'BOOKMARK') {
        await getJson(`${s.url}/__simulator/prepare?count=0`);
        await getJson(`${s.url}/__simulator/start-churn?count=3`);
      } else if (event.type === 'MODIFIED' && ++changes === 3) break;
    }
  });
});

test('changes are prepared at the rate max only, and not while there is churn', async () => {
  await simulated({ objects: 5, rate: 10, paused: true }, async (s) => {
    const { status, body } = await getJson(`${s.url}/__simulator/prepare?count=1`);
    assert.deepEqual([status, body.reason], [400, 'BadRequest']);
  });
});

test('watches can be broken off', async () => {
  await simulated({ objects: 5, rate: 0 }, async (s) => {
    const reading = (async () => {
      for await (const _ of watchEvents(`${s.url}/api/v1/pods?${STREAMING}`))
        if (_.type === 'BOOKMARK') await getJson(`${s.url}/__simulator/break-watches`);
    })();
    await assert.rejects(reading);
  });
});
