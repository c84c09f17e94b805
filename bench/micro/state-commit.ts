import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { WorkerThread } from '../../src/shard/threads.ts';
import { EmbeddedStateStore } from '../../src/state/embedded/store.ts';
import { RedisStateStore } from '../../src/state/redis/store.ts';
import type { StateStore } from '../../src/state/state.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { temporaryFolder } from '../../test/support/servers/process.ts';
import { RedisServer } from '../../test/support/servers/redis.ts';
import { delta, identity, position } from '../../test/support/state-contract.ts';
import type { Micro } from './measure.ts';

/** Objects in a commit: a busy stream's. */
const OBJECTS = 500;
const COMMITS = 20;
/** Objects that the commits go round. */
const KNOWN = 20_000;

const telemetry = { logger: createLogger('silent'), metrics: createMetrics() };

function deltas(): ArrayBuffer[] {
  return Array.from({ length: COMMITS }, (_, c) =>
    delta(
      Object.fromEntries(
        Array.from({ length: OBJECTS }, (_, i) => {
          const n = (c * OBJECTS + i) % KNOWN;
          return [`team-${n % 100}/web-${n}`, Buffer.alloc(64, `${c}/${i}`)];
        }),
      ),
    ),
  );
}

async function commits(
  name: string,
  store: StateStore,
  floor: Micro['floor'],
  close: () => Promise<void>,
): Promise<Micro> {
  const session = await store.open(identity());
  const packed = deltas();
  let sequence = 0;
  return {
    name,
    item: 'object committed',
    items: OBJECTS * COMMITS,
    bytes: packed.reduce((sum, d) => sum + d.byteLength, 0),
    work: async () => {
      for (const one of packed)
        await session.commit([{ stream: 'pods', position: position(++sequence), deltas: [one] }]);
    },
    floor,
    close: async () => {
      await session.close();
      await close();
    },
  };
}

/** Positions and known objects, stored together. */
export async function stateCommits(): Promise<Micro[]> {
  const packed = deltas();
  const folder = temporaryFolder('micro');
  const file = openSync(join(folder, 'floor'), 'w');
  const redis = await RedisServer.start();
  const client = new Redis(redis.url);
  return [
    await commits(
      'state commit, embedded',
      new EmbeddedStateStore({ dataDir: folder, openThread: () => new WorkerThread('store'), ...telemetry }),
      {
        name: 'written to a file and synced',
        work: () => {
          for (const one of packed) {
            writeSync(file, new Uint8Array(one), 0, one.byteLength, 0);
            fdatasyncSync(file);
          }
        },
      },
      async () => closeSync(file),
    ),
    await commits(
      'state commit, Redis',
      new RedisStateStore({ url: redis.url, ttl: 10_000, ...telemetry }),
      {
        name: 'one SET of the same bytes',
        work: async () => {
          for (const one of packed) await client.set('floor', Buffer.from(one));
        },
      },
      async () => {
        client.disconnect();
        await redis.stop();
      },
    ),
  ];
}
