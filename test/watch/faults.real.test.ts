import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ApiClient } from '../../src/watch/api-client.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from './intake-log.ts';
import { drive, metric, openApi, stopRunning, streamFor, writeKubeconfig } from './watch-setup.ts';

let kube: KubeServer;
let proxy: TcpProxy;
let api: ApiClient;
before(async () => {
  kube = await KubeServer.start();
  proxy = await TcpProxy.start(kube.port);
  const user = '{token: admin-token-not-secret}';
  api = await openApi(writeKubeconfig(`https://127.0.0.1:${proxy.port}`, user, `certificate-authority: ${kube.ca}`));
});
afterEach(stopRunning);
after(async () => {
  await api.close();
  await proxy.stop();
  await kube.stop();
});

const configmaps = '/api/v1/namespaces/default/configmaps';
const put = async (name: string): Promise<void> => {
  await kube.must('POST', configmaps, { metadata: { name } });
};

test('a half-open connection is noticed by its silence, and the watch goes on from its position', async () => {
  const { driver, log, metrics } = drive(api, streamFor(), { stallMs: 2000 });
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  await put('before');
  await until('it is seen', () => log.live('configmaps').includes('default/before'));
  proxy.blackhole();
  await put('during');
  await until('it is seen', () => log.live('configmaps').includes('default/during'));
  assert.ok((await metric(metrics.watches, { stream: 'configmaps', result: 'stalled' })) >= 1);
  assert.equal(log.count('configmaps', 'list-begin'), 1);
});

test('a network that swallows everything is waited for, and nothing is lost', async () => {
  const { driver, log } = drive(api, streamFor(), { stallMs: 1500 });
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  proxy.blackhole(true);
  await put('swallowed');
  await until('the stream is in trouble', () => !driver.state().synced || driver.state().lastError !== undefined);
  proxy.heal();
  await until('it is seen', () => log.live('configmaps').includes('default/swallowed'), 60);
  assert.equal(log.count('configmaps', 'list-begin'), 1);
});

test('connections that are reset lead to growing delays, not to a storm of requests', async () => {
  const { driver, log } = drive(api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  const before = proxy.connections;
  proxy.reset(true);
  await until('a few tries', () => proxy.connections - before >= 2);
  assert.equal(driver.state().lastError?.code, 'API_UNREACHABLE');
  assert.ok(proxy.connections - before < 10);
  await put('while-reset');
  proxy.heal();
  await until('it is seen', () => log.live('configmaps').includes('default/while-reset'), 60);
  assert.equal(log.count('configmaps', 'list-begin'), 1);
});

test('more watches run at once than any pool or connection would hold by default', async () => {
  const streams = Array.from({ length: 320 }, (_, i) =>
    drive(api, streamFor(undefined, { id: `s${i}`, fieldSelector: `metadata.name!=x${i}` })),
  );
  for (const { driver } of streams) driver.start(undefined, { relist: false });
  await until('all are synced', () => streams.every(({ driver }) => driver.state().synced), 90);
  await put('for-all');
  await until('all see it', () => streams.every(({ log }, i) => log.live(`s${i}`).includes('default/for-all')), 60);
});

test('behind etcd 3.4 streaming lists are refused once, and pages are read', async () => {
  const old = await KubeServer.start({ oldEtcd: true });
  const oldApi = await openApi(old.kubeconfig);
  try {
    for (let i = 0; i < 5; i++) await old.must('POST', configmaps, { metadata: { name: `old-${i}` } });
    const { driver, log, metrics } = drive(oldApi, streamFor(), { pageSize: 2 });
    driver.start(undefined, { relist: false });
    await until('the list is complete', () => driver.state().synced, 60);
    assert.ok(log.count('configmaps', 'page') >= 3);
    assert.equal(await metric(metrics.lists, { stream: 'configmaps', result: 'ok' }), 1);
    await old.must('POST', configmaps, { metadata: { name: 'old-after' } });
    await until('the watch goes on', () => log.live('configmaps').includes('default/old-after'));
    await driver.stop();
  } finally {
    await oldApi.close();
    await old.stop();
  }
});
