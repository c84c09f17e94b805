import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDelta } from '../../src/model/delta.ts';
import { stateConfig } from '../../src/state/config.ts';
import { createStateStore } from '../../src/state/open-state.ts';
import { splitDelta } from '../../src/state/redis/split-delta.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { InThreadStore } from '../support/in-thread.ts';
import { delta } from '../support/state-contract.ts';

test('the state is embedded by default, and in Redis where its address is given', () => {
  const context = {
    dataDir: 'data',
    openThread: () => new InThreadStore(),
    logger: createLogger('silent'),
    metrics: createMetrics(),
  };
  const kind = (config: unknown): string => createStateStore(stateConfig.parse(config), context).kind;
  assert.equal(kind({}), 'embedded');
  assert.equal(kind({ url: 'redis://127.0.0.1:6379/0' }), 'redis');
  assert.equal(kind({ url: 'rediss://user:word@host:6380' }), 'redis');
  assert.equal(createStateStore({ url: 'memory:', lease: { ttl: 10_000 } }, context).kind, 'memory');
  assert.equal(stateConfig.parse({}).lease.ttl, 10_000);
  assert.equal(stateConfig.parse({ lease: { ttl: '1m' } }).lease.ttl, 60_000);
});

test('what is wrong is refused without repeating the address, which may hold a password', () => {
  for (const bad of [
    { url: 'http://user:secret@host' },
    { url: 'memory:' },
    { url: 'redis:secret' },
    { lease: { ttl: '10' } },
    { lease: { ttl: '100ms' } },
    { file: 'x' },
  ]) {
    const result = stateConfig.safeParse(bad);
    assert.equal(result.success, false, JSON.stringify(bad));
    assert.doesNotMatch(result.error?.message ?? '', /secret/);
  }
});

test('a packed delta is cut between entries', () => {
  const packed = delta({ 'a/1': 'x'.repeat(50), 'a/2': null, 'a/3': 'y'.repeat(500), 'a/4': 'z' });
  const entries = (p: ArrayBuffer | Uint8Array): unknown[] =>
    [...readDelta(p)].map((e) => [e.key, e.value?.toString()]);
  for (const limit of [1, 60, 100, 600, 10_000]) {
    const pieces = splitDelta(packed, limit);
    assert.deepEqual(pieces.flatMap(entries), entries(packed));
    for (const piece of pieces) assert.ok(piece.length <= limit || entries(piece).length === 1);
  }
  assert.deepEqual(splitDelta(new ArrayBuffer(0), 10), []);
});
