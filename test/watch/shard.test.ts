import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { shardSelector } from '../../src/model/watch-shard.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { checkFeatures } from '../../src/watch/feature-checks.ts';
import { ShardSupport } from '../../src/watch/shard-support.ts';
import { until } from './intake-log.ts';
import { scriptedServer } from './scripted-server.ts';
import { drive, metric, streamFor } from './watch-setup.ts';

/** Answers that a real API server does not give when it is asked to. */
type Script = (query: URLSearchParams, response: ServerResponse) => void;
let script: Script;
let requests: URLSearchParams[] = [];
const server = scriptedServer((query, response) => {
  requests.push(query);
  script(query, response);
});
afterEach(() => {
  requests = [];
});

const SHARD = { index: 0, count: 2, key: 'uid' } as const;
const SELECTOR = shardSelector(SHARD);
const OTHER = shardSelector({ ...SHARD, index: 1 });
const stream = streamFor(undefined, { shard: SHARD });
const CONFIGMAPS = { stream: 'configmaps' };

function list(response: ServerResponse, selector: string | undefined, more: object = {}): void {
  const shardInfo = selector === undefined ? {} : { shardInfo: { selector } };
  const metadata = { resourceVersion: '7', ...more, ...shardInfo };
  response.end(JSON.stringify({ kind: 'ConfigMapList', metadata, items: [{ metadata: { name: 'a' } }] }));
}

/** Every list is echoed with this selector; a watch stays open. */
const echoing =
  (selector: () => string | undefined): Script =>
  (query, response) => {
    if (query.get('watch') === 'true') response.flushHeaders();
    else list(response, selector(), query.has('continue') || query.get('limit') === '1' ? {} : { continue: 'next' });
  };

test('the shard is asked for in each page and in the watch, and lists are not streamed: only a page says what it is of', async () => {
  script = echoing(() => SELECTOR);
  const { driver, metrics } = drive(server.api, stream);
  driver.start(undefined, { relist: false });
  await until('the watch is open', () => driver.state().synced);
  assert.deepEqual(
    requests.map((q) => q.get('watch') ?? (q.has('continue') ? 'second page' : 'page')),
    ['page', 'second page', 'true'],
  );
  for (const query of requests) assert.equal(query.get('shardSelector'), SELECTOR);
  assert.equal(driver.state().shardedBy, 'server');
  assert.equal(await metric(metrics.watchShardHonoured, CONFIGMAPS), 1);
  await driver.stop();
  assert.deepEqual((await metrics.watchShardHonoured.get()).values, [], 'a stream that has ended says nothing');
});

test('a server that does not know the parameter, and the look before a watch goes on', async () => {
  script = echoing(() => undefined);
  const { driver, log, metrics } = drive(server.api, stream);
  driver.start('5', { relist: true });
  await until('the watch is open', () => driver.state().synced);
  assert.equal(requests[0]?.get('limit'), '1');
  assert.equal(driver.state().shardedBy, 'client');
  assert.deepEqual(log.types('configmaps'), ['resuming']);
  assert.deepEqual((await metrics.watchShardHonoured.get()).values, [{ value: 0, labels: CONFIGMAPS }]);
});

test('a list of another shard is not taken, and the stream waits until it gets its own', async () => {
  let echo = OTHER;
  script = echoing(() => echo);
  const { driver, log, metrics } = drive(server.api, stream);
  driver.start(undefined, { relist: true });
  await until('it is refused twice', async () => (await metric(metrics.watchShardMismatches, CONFIGMAPS)) >= 2);
  assert.deepEqual(log.types('configmaps'), ['list-begin', 'list-begin']);
  const { lastError, synced } = driver.state();
  assert.equal(synced, false);
  assert.equal(lastError?.code, 'SHARD_MISMATCH');
  assert.ok(lastError.message.includes(OTHER) && lastError.message.includes(SELECTOR), lastError.message);
  assert.equal(await metric(metrics.lists, { ...CONFIGMAPS, result: 'error' }), 2);
  echo = SELECTOR;
  await until('it is listed', () => driver.state().synced);
  assert.equal(driver.state().lastError, undefined);
});

test('the same in the look before a watch goes on: the watch would be of another shard too', async () => {
  script = echoing(() => OTHER);
  const { driver, log, metrics } = drive(server.api, stream);
  driver.start('5', { relist: true });
  await until('it is refused', async () => (await metric(metrics.watchShardMismatches, CONFIGMAPS)) >= 1);
  assert.deepEqual(log.types('configmaps'), []);
  assert.ok(requests.every((q) => q.get('watch') === null));
});

test('a server that refuses the parameter is asked without it, by all streams of its group', async () => {
  script = (query, response) => {
    const status = { kind: 'Status', message: 'invalid shard selector: unsupported function "shardRange"', code: 500 };
    if (query.has('shardSelector')) response.writeHead(500).end(JSON.stringify(status));
    else echoing(() => undefined)(query, response);
  };
  const shardSupport = new ShardSupport();
  const { driver, log } = drive(server.api, stream, { shardSupport });
  driver.start(undefined, { relist: false });
  await until('it is listed', () => driver.state().synced);
  assert.equal(driver.state().shardedBy, 'client');
  assert.equal(log.count('configmaps', 'page'), 2);
  requests = [];
  const second = drive(server.api, stream, { shardSupport });
  second.driver.start(undefined, { relist: false });
  await until('it is listed', () => second.driver.state().synced);
  assert.ok(requests.every((q) => !q.has('shardSelector')));
});

test('without a shard nothing is asked, and nothing is told', async () => {
  script = (query, response) => {
    if (query.has('sendInitialEvents')) response.writeHead(422).end();
    else echoing(() => undefined)(query, response);
  };
  const { driver, metrics } = drive(server.api, streamFor(), { metrics: createMetrics() });
  driver.start(undefined, { relist: false });
  await until('it is listed', () => driver.state().synced);
  assert.ok(requests.every((q) => !q.has('shardSelector')));
  assert.equal(driver.state().shardedBy, undefined);
  assert.deepEqual((await metrics.watchShardHonoured.get()).values, []);
});

test('doctor tells whether a shard is honoured', async () => {
  const finding = async (echo: string | undefined, of = stream) => {
    script = (query, response) => {
      if (query.has('sendInitialEvents')) response.writeHead(422).end();
      else list(response, echo);
    };
    return (await checkFeatures(server.api, of, AbortSignal.timeout(10_000)))[1]!;
  };
  const own = await finding(SELECTOR);
  assert.equal(own.outcome, 'ok');
  assert.match(own.text, /is honoured .*only shard 0 of 2 by uid is sent/);
  const none = await finding(undefined);
  assert.equal(none.outcome, 'warning');
  assert.match(`${none.text} ${none.remedy}`, /not honoured .*left out here.*ShardedListAndWatch=true/);
  const wrong = await finding(OTHER);
  assert.deepEqual([wrong.outcome, wrong.code], ['failed', 'SHARD_MISMATCH']);
  assert.match((await finding(undefined, streamFor())).text, /not honoured; watch.shard is not set/);
  assert.match((await finding(SELECTOR, streamFor())).text, /is honoured; watch.shard is not set/);
});
