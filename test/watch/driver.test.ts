import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import type { Intake } from '../../src/model/intake.ts';
import { until } from './intake-log.ts';
import { scriptedServer } from './scripted-server.ts';
import { drive, metric, streamFor } from './watch-setup.ts';

/** Answers that no real API server can be made to give. */
type Script = (query: URLSearchParams, response: ServerResponse, nth: number) => void;
let script: Script;
let requests: URLSearchParams[] = [];
const server = scriptedServer((query, response) => {
  if (query.get('limit') === '1') {
    response.end(list('99', {})); // whether the position is of its past
    return;
  }
  requests.push(query);
  script(query, response, requests.length);
});
afterEach(() => {
  requests = [];
});

const event = (type: string, resourceVersion: string, name = 'a'): string =>
  `${JSON.stringify({ type, object: { metadata: { name, resourceVersion } } })}\n`;
const list = (resourceVersion: string, more: object, ...names: string[]): string =>
  JSON.stringify({
    kind: 'ConfigMapList',
    metadata: { resourceVersion, ...more },
    items: names.map((name) => ({ metadata: { name } })),
  });

test('a server that ignores sendInitialEvents is noticed by an ordinary bookmark, and pages are read', async () => {
  script = (query, response) => {
    if (query.get('sendInitialEvents') === 'true')
      response.write(event('ADDED', '1', 'early') + event('BOOKMARK', '5'));
    else if (query.get('watch') === 'true') response.write(event('ADDED', '9', 'later'));
    else response.end(list('7', {}, 'early'));
  };
  const { driver, log } = drive(server.api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the watch goes on', () => log.live('configmaps').includes('later'));
  assert.deepEqual(log.types('configmaps'), ['list-begin', 'frames', 'list-begin', 'page', 'list-end', 'frames']);
  assert.equal(requests.at(-1)?.get('resourceVersion'), '7');
});

test('429 in the middle of a list is waited for, and the list goes on with the same page', async () => {
  const times: number[] = [];
  script = (query, response, nth) => {
    times.push(Date.now());
    if (query.get('watch') === 'true') response.writeHead(query.has('sendInitialEvents') ? 422 : 200).flushHeaders();
    else if (nth === 3) response.writeHead(429, { 'retry-after': '1' });
    else if (!query.has('continue')) response.write(list('7', { continue: 'next' }, 'a'));
    else response.write(list('7', {}, 'b'));
    if (query.get('watch') !== 'true' || query.has('sendInitialEvents')) response.end();
  };
  const { driver, log } = drive(server.api, streamFor());
  driver.start(undefined, { relist: false });
  await until('the list is complete', () => driver.state().synced);
  assert.deepEqual(log.live('configmaps'), ['a', 'b']);
  assert.equal(log.count('configmaps', 'list-begin'), 1);
  assert.ok((times[3] as number) - (times[2] as number) >= 1000);
});

test('a malformed line is handed over as it is, and an ERROR event ends the watch and not the stream', async () => {
  script = (query, response) => {
    if (query.get('resourceVersion') === '5')
      response.end(
        `${event('ADDED', '6')}{"type":"ADDED",oops\n${event('ADDED', '7')}{"type":"ERROR","object":{"code":500,"message":"boom"}}\n`,
      );
    else response.write(event('ADDED', '8', 'after'));
  };
  const items: Intake[] = [];
  const { driver, metrics } = drive(server.api, streamFor(), { sink: (_, item) => void items.push(item) });
  driver.start('5', { relist: false });
  await until('it goes on', () => driver.state().resourceVersion === '8');
  assert.deepEqual(
    items.map((i) => [i.type, 'count' in i ? i.count : 0, 'resourceVersion' in i ? i.resourceVersion : '']),
    [
      ['resuming', 0, '99'],
      ['frames', 3, '7'],
      ['resuming', 0, '99'],
      ['frames', 1, '8'],
    ],
  );
  assert.equal(requests.at(-1)?.get('resourceVersion'), '7');
  assert.equal(await metric(metrics.watches, { result: 'error' }), 1);
  assert.equal(await metric(metrics.framesRead, { stream: 'configmaps' }), 4);
});

test('while the sink has no credit the socket is not read', async () => {
  const frame = event('ADDED', '6', 'x'.repeat(50_000));
  let written = 0;
  script = (_, response) => {
    const more = (): void => {
      while (written < 4000 && response.write(frame)) written++;
    };
    response.on('drain', more);
    more();
  };
  let handed = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  let hold: Promise<void> | undefined = promise;
  const { driver } = drive(server.api, streamFor(), {
    sink: (_, item) => {
      if (item.type !== 'frames') return undefined;
      handed += item.count;
      return hold;
    },
  });
  driver.start('5', { relist: false });
  await until('the first batch', () => handed > 0);
  await new Promise((r) => setTimeout(r, 300));
  assert.ok(handed < 20, `${handed} frames without credit`);
  assert.ok(written < 1000, `${written} frames left the server`);
  hold = undefined;
  resolve();
  await until('all of it', () => handed >= 4000);
});

test('after stop nothing is handed over', async () => {
  let answer: ServerResponse | undefined;
  script = (_, response) => {
    answer = response;
    response.write(event('ADDED', '6'));
  };
  const { driver, log } = drive(server.api, streamFor());
  driver.start('5', { relist: false });
  await until('the first one', () => log.count('configmaps', 'frames') === 1);
  const stopped = driver.stop();
  answer?.write(event('ADDED', '7'));
  await stopped;
  await new Promise((r) => setTimeout(r, 50));
  assert.equal(log.count('configmaps', 'frames'), 1);
  await driver.stop();
});

test('it stops while its list waits for a sink that takes nothing more', async () => {
  const { driver } = drive(server.api, streamFor(), { sink: () => new Promise<void>(() => undefined) });
  driver.start(undefined, { relist: true });
  await new Promise((r) => setImmediate(r));
  await driver.stop();
  assert.deepEqual(requests, []);
});
