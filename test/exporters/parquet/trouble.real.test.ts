import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import type { Stream } from '../../../src/model/resource.ts';
import { PODS } from '../../support/batches.ts';
import { until } from '../../support/until.ts';
import {
  bucket,
  cleanUp,
  folder,
  pods,
  rows,
  run,
  server,
  shutDown,
  stored,
  type Target,
  targets,
  write,
} from './lake.ts';

describe('the Parquet exporter and a store in trouble', () => {
  const [s3, local] = targets as [Target, Target];
  beforeEach(cleanUp);
  after(shutDown);

  test('a bucket that is made later', async () => {
    rmSync(bucket, { recursive: true });
    const lake = await run(s3, {}, false);
    lake.open(PODS, 1, undefined);
    write(lake, 1, pods(0, 2));
    lake.cut(PODS.id);
    await until('health says what is missing', () =>
      /EXPORTER_TARGET_MISSING/.test(lake.exporter.health().detail ?? ''),
    );
    server.makeBucket('lake');
    await stored(lake, 1);
    assert.deepEqual(lake.exporter.health(), { ok: true });
  });

  test('a server that goes and comes back', async () => {
    const lake = await run(s3);
    lake.open(PODS, 1, undefined);
    await server.stop();
    write(lake, 1, pods(0, 2));
    lake.cut(PODS.id);
    await until('health says it', () => /EXPORTER_UNREACHABLE/.test(lake.exporter.health().detail ?? ''));
    assert.equal((await lake.metrics.connected.get()).values[0]?.value, 0);
    await server.restart();
    await stored(lake, 1);
    assert.equal((await rows(s3)).length, 2);
    assert.equal((await lake.metrics.connected.get()).values[0]?.value, 1);
  });

  test('memory is bounded while the server is away, and everything arrives when it is back', async () => {
    const noise = Array.from({ length: 4000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 0).join(' ');
    const memory = 2 ** 20;
    const lake = await run(s3, { memory: '1MiB', rotate: { interval: '1h' } });
    const streams = Array.from({ length: 6 }, (_, i): Stream => ({ ...PODS, id: `pods@n${i}` }));
    for (const stream of streams) lake.open(stream, 1, undefined);
    // One small file each, so that the column types have been read.
    for (const stream of streams) write(lake, 1, [{ id: `${stream.id}/first` }], { stream });
    await lake.exporter.drain(AbortSignal.timeout(20_000));
    await server.stop();
    for (let i = 2; i <= 9; i++) {
      for (const stream of streams)
        write(
          lake,
          i,
          pods(0, 5, { uid: `${stream.id}-${i}`, object: JSON.stringify(i + noise) }).map((row, n) => ({
            ...row,
            id: `${stream.id}/${i}/${n}`,
          })),
          { stream },
        );
    }
    await until('batches wait', () => Number(lake.exporter.status().waitingBatches) > 0 && !lake.exporter.health().ok);
    const { openBytes, storingBytes } = lake.exporter.status();
    const most = memory + 6 * 8 * 5 * noise.length;
    assert.ok(Number(openBytes) + Number(storingBytes) < most, `${openBytes} + ${storingBytes}`);
    assert.ok(
      streams.some((stream) => lake.lastAbsorbed(stream.id) < 9),
      'credit is kept back',
    );
    await server.restart();
    await lake.exporter.drain(AbortSignal.timeout(40_000));
    assert.equal(new Set((await rows(s3)).map((row) => row.id)).size, 6 * (1 + 8 * 5));
  });

  test('wrong credentials', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    try {
      const lake = await run(s3, {}, false);
      await until('health says it', () => /EXPORTER_REFUSED/.test(lake.exporter.health().detail ?? ''));
    } finally {
      Object.assign(process.env, server.environment);
    }
  });

  test('a folder that a file stands in the way of', async () => {
    const lake = await run(local);
    lake.open(PODS, 1, undefined);
    rmSync(join(folder, 'deep'), { recursive: true });
    writeFileSync(join(folder, 'deep'), '');
    write(lake, 1, pods(0, 2));
    lake.cut(PODS.id);
    await until('health says it', () => /EXPORTER_\w+/.test(lake.exporter.health().detail ?? ''));
    renameSync(join(folder, 'deep'), join(folder, 'away'));
    await stored(lake, 1);
    assert.equal((await rows(local)).length, 2);
  });

  test('a file above one request goes in parts', async () => {
    const noise = Buffer.alloc(24 * 2 ** 20);
    for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE((Math.imul(i, 2_654_435_761) ^ (i >>> 3)) >>> 0, i);
    const { S3Store } = await import('../../../src/exporters/parquet/s3-store.ts');
    const target = {
      bucket: 'lake',
      prefix: 'p/',
      endpoint: server.endpoint,
      region: server.region,
      forcePathStyle: undefined,
      partBytes: 64 * 2 ** 20,
      timeout: 30_000,
    };
    const store = await S3Store.open(target, { warn: assert.fail, confirm: async () => undefined });
    const large = Buffer.concat([noise, noise, noise]);
    await store.put('large', large);
    const back = await store.get('large');
    assert.ok(back !== undefined && large.equals(back));
    assert.deepEqual(await store.list('', ''), ['large']);
    assert.deepEqual(await store.list('', 'large'), []);
    await store.remove(['large', 'never']);
    assert.equal(await store.get('large'), undefined);
    store.close();
  });
});
