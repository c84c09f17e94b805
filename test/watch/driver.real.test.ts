import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { ApiClient } from '../../src/watch/api-client.ts';
import { StreamingSupport } from '../../src/watch/streaming-support.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { until } from './intake-log.ts';
import { drive, metric, openApi, stopRunning, streamFor } from './watch-setup.ts';

let kube: KubeServer;
let api: ApiClient;
before(async () => {
  kube = await KubeServer.start();
  api = await openApi(kube.kubeconfig);
});
afterEach(stopRunning);
after(async () => {
  await api.close();
  await kube.stop();
});

const configmaps = '/api/v1/namespaces/default/configmaps';
const put = async (name: string, data: Record<string, string> = {}): Promise<void> => {
  await kube.must('POST', configmaps, { metadata: { name }, data });
};

test('a streaming list shows what is there, and the same connection shows what changes', async () => {
  for (let i = 0; i < 20; i++) await put(`stream-${i}`, { text: 'grüße 🚀\n'.repeat(i * 50) });
  const { driver, log, metrics } = drive(api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  assert.deepEqual(log.types('configmaps')[0], 'list-begin');
  assert.equal(log.last('configmaps', 'list-begin')?.relist, false);
  assert.equal(log.count('configmaps', 'page'), 0);
  assert.ok(log.live('configmaps').includes('default/stream-19'));
  await kube.must('PATCH', `${configmaps}/stream-1`, { data: { a: 'b' } });
  await kube.must('DELETE', `${configmaps}/stream-2`);
  await until('changes are seen', () => log.seen.some((s) => s.type === 'DELETED' && s.name === 'stream-2'));
  assert.deepEqual((log.object('configmaps', 'default/stream-1') as { data: { a: string } }).data.a, 'b');
  assert.equal(log.count('configmaps', 'list-begin'), 1);
  assert.equal(await metric(metrics.lists, { stream: 'configmaps', result: 'ok' }), 1);
  await driver.stop();
  assert.equal(driver.state().state, 'stopped');
});

test('pages are read where streaming lists are refused, and no object is missed or shown twice', async () => {
  for (let i = 0; i < 25; i++) await put(`page-${i}`);
  const streamingSupport = new StreamingSupport();
  streamingSupport.refuse('', Date.now());
  const { driver, log } = drive(api, streamFor(), { pageSize: 7, streamingSupport });
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  assert.ok(log.count('configmaps', 'page') > 3);
  const names = log.seen.filter((s) => s.listing).map((s) => s.name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.filter((n) => n.startsWith('page-')).length, 25);
  await put('page-after');
  await until('the watch goes on', () => log.live('configmaps').includes('default/page-after'));
});

test('a watch that the server ends is resumed without a list, and nothing is lost', async () => {
  const { driver, log, metrics } = drive(api, streamFor(), { watchSeconds: 1 });
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  for (let i = 0; ; i++) {
    await put(`ended-${i}`);
    await new Promise((r) => setTimeout(r, 200));
    if ((await metric(metrics.watches, { stream: 'configmaps', result: 'closed' })) >= 2) {
      await put('ended-last');
      await until('the last one', () => log.live('configmaps').includes('default/ended-last'));
      const seen = log.seen.filter((s) => s.name.startsWith('ended-') && !s.listing).map((s) => s.name);
      assert.deepEqual(seen, [...Array.from({ length: i + 1 }, (_, n) => `ended-${n}`), 'ended-last']);
      break;
    }
    assert.ok(i < 200, 'the server does not end the watch');
  }
  assert.equal(log.count('configmaps', 'list-begin'), 1);
});

test('a start at a position shows only what came after it', async () => {
  const { metadata } = await kube.must('GET', `${configmaps}?limit=1`);
  await put('position-after');
  const { driver, log } = drive(api, streamFor());
  driver.start(metadata.resourceVersion, { relist: false });
  await until('the change', () => log.live('configmaps').includes('default/position-after'));
  assert.deepEqual(log.live('configmaps'), ['default/position-after']);
  assert.equal(log.count('configmaps', 'list-begin'), 0);
});

test('a sink without credit stops the reading, and nothing is lost when it has some again', async () => {
  const { driver, log } = drive(api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  const { promise, resolve } = Promise.withResolvers<void>();
  log.hold = promise;
  await put('credit-0');
  await until('the first one', () => log.live('configmaps').includes('default/credit-0'));
  for (let i = 1; i < 30; i++) await put(`credit-${i}`);
  assert.equal(log.live('configmaps').includes('default/credit-29'), false);
  log.hold = undefined;
  resolve();
  await until('the last one', () => log.live('configmaps').includes('default/credit-29'));
  assert.equal(log.seen.filter((s) => s.name.startsWith('credit-') && !s.listing).length, 30);
});

test('metadata alone is what the server sends when asked for', async () => {
  await put('metadata-only', { secret: 'x' });
  for (const refused of [false, true]) {
    const streamingSupport = new StreamingSupport();
    if (refused) streamingSupport.refuse('', Date.now());
    const { driver, log } = drive(api, streamFor(undefined, { metadataOnly: true }), { streamingSupport });
    driver.start(undefined, { relist: false });
    await until('the list is complete', () => driver.state().synced);
    assert.ok(log.live('configmaps').includes('default/metadata-only'));
    assert.equal(log.object('configmaps', 'default/metadata-only')?.data, undefined);
    await driver.stop();
  }
});

test('a position that the server has forgotten leads to a relist', async () => {
  const { metadata } = await kube.must('GET', `${configmaps}?limit=1`);
  for (let i = 0; i < 5; i++) await put(`expired-${i}`);
  await kube.compact();
  await kube.restartApi('SIGKILL');
  const { driver, log, metrics } = drive(api, streamFor());
  driver.start(metadata.resourceVersion, { relist: false });
  await until('the list is complete', () => driver.state().synced && log.count('configmaps', 'list-end') === 1, 60);
  assert.equal(log.last('configmaps', 'list-begin')?.relist, true);
  assert.ok(log.live('configmaps').includes('default/expired-4'));
  assert.equal(await metric(metrics.watches, { stream: 'configmaps', result: 'expired' }), 1);
});

test('a stream survives the restart of the API server without a list', async () => {
  const { driver, log } = drive(api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  await kube.stopApi('SIGKILL');
  await until('the stream notices', () => driver.state().state === 'backing-off');
  assert.ok(driver.state().lastError !== undefined);
  await kube.startApi();
  await put('after-restart');
  await until('the change', () => log.live('configmaps').includes('default/after-restart'), 60);
  await until('it is well', () => driver.state().lastError === undefined);
});
