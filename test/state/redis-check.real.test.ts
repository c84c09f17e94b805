import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import { checkRedis } from '../../src/state/redis/check.ts';
import { RedisStateStore } from '../../src/state/redis/store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/until.ts';

const logger = createLogger('silent', false);

describe('the check of Redis', () => {
  let primary: RedisServer;
  let replica: RedisServer;
  before(async () => {
    primary = await RedisServer.start();
    replica = await RedisServer.start('--replicaof', '127.0.0.1', String(primary.port));
  });
  after(() => Promise.all([primary.stop(), replica.stop()]));

  const check = (url: string, clusterUid = 'uid'): Promise<Finding[]> =>
    checkRedis({ url, cluster: 'demo', clusterUid, logger });
  const texts = (findings: readonly Finding[]): string => findings.map((f) => `${f.outcome}: ${f.text}`).join('\n');

  test('tells a replica, and a primary that does not wait for its replicas', async () => {
    assert.match(texts(await check(replica.url)), /^failed: .*role slave$/m);
    await until('the replica is known', async () => /with replicas: 1/.test(texts(await check(primary.url))));
    assert.match(texts(await check(primary.url)), /^warning: .*role master, with replicas: 1; a failover/m);
  });

  test('tells who holds the state, and a state of another cluster', async () => {
    assert.match(texts(await check(primary.url)), /^ok: there is no state of cluster demo yet$/m);
    const store = new RedisStateStore({ url: primary.url, ttl: 10_000, logger, metrics: createMetrics() });
    const session = await store.open({ cluster: 'demo', clusterUid: 'uid', owner: 'host/1/data' });
    assert.match(texts(await check(primary.url)), /^ok: there is a state of cluster demo, held by host\/1\/data$/m);
    await session.close(true);
    assert.match(texts(await check(primary.url)), /^ok: .*which nobody holds$/m);
    const other = await check(primary.url, 'other');
    assert.equal(other.find((f) => f.outcome === 'failed')?.code, 'STATE_OF_ANOTHER_CLUSTER', texts(other));
  });
});
