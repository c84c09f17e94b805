import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeServer } from './kube.ts';
import { NatsServer } from './nats.ts';
import { portOpen } from './process.ts';
import { RedisServer } from './redis.ts';
import { S3Server } from './s3.ts';

test('the real servers start on free loopback ports and stop', async () => {
  const [kube, nats, redis, s3] = await Promise.all([
    KubeServer.start({ controllers: true }),
    NatsServer.start(),
    RedisServer.start(),
    S3Server.start('bucket'),
  ]);
  const version = await kube.must('GET', '/version');
  assert.match(version.gitVersion, /^v1\.\d+/);
  assert.ok((await portOpen(nats.port)) && (await portOpen(redis.port)) && (await portOpen(s3.port)));
  await Promise.all([kube.stop(), nats.stop(), redis.stop(), s3.stop()]);
  assert.equal(await portOpen(kube.port), false);
});

test('Debian etcd 3.4 serves as the store of a cluster without streaming lists', async () => {
  const kube = await KubeServer.start({ oldEtcd: true });
  const answer = await kube.call(
    'GET',
    '/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=2',
  );
  assert.match(JSON.stringify(answer.body), /RequestWatchProgress|ERROR|Forbidden|Invalid/i);
  await kube.stop();
});
