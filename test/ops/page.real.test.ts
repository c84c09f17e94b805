import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { StatusReport } from '../../src/model/status.ts';
import { startOps } from '../../src/ops/server.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { Chromium, type Page } from '../support/chromium.ts';
import { freePort } from '../support/servers/process.ts';
import { SimulatorServer } from '../support/servers/simulator.ts';
import { Watershard } from '../support/watershard.ts';

const GADGETS = 290;
const FORBIDDEN = /^\/apis\/gadgets\.example\.com\/v1\/gadgets(?:007|008|123)\b/;
/** Where the pictures of the page are left to be looked at; nowhere by default. */
const PICTURES = process.env.WATERSHARD_PAGE_PICTURES;

let simulator: SimulatorServer;
let front: Server;
let program: Watershard;
let chromium: Chromium;
let page: Page;

/** Before the simulator: refuses some resources as RBAC does. */
async function startFront(kubeconfig: string): Promise<void> {
  const target = /server: "http:\/\/127\.0\.0\.1:(\d+)"/.exec(readFileSync(kubeconfig, 'utf8'))?.[1];
  front = createServer((from, response) => {
    if (FORBIDDEN.test(from.url ?? '')) {
      const message = `gadgets are forbidden: User "watershard" cannot list them`;
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message }));
      return;
    }
    const { method, headers, url } = from;
    const to = request({ host: '127.0.0.1', port: target, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    to.on('error', () => response.destroy());
    response.on('close', () => to.destroy());
    from.pipe(to);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as AddressInfo;
  writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replaceAll(`:${target}"`, `:${port}"`));
}

before(async () => {
  const objects = ['--objects', '2000', '--gadgets', String(GADGETS), '--rate', '200', '--heartbeats', '0.1'];
  simulator = await SimulatorServer.start(objects);
  await startFront(simulator.kubeconfig);
  program = new Watershard();
  await program.start({
    cluster: { name: 'demo' },
    kubeconfig: simulator.kubeconfig,
    workers: 2,
    exporters: [
      {
        name: 'lake',
        type: 'parquet',
        url: pathToFileURL(join(program.folder, 'lake')).href,
        rotate: { interval: '5s' },
      },
      { name: 'log', type: 'file', path: join(program.folder, 'log.ndjson') },
      { name: 'hook', type: 'http', url: `http://127.0.0.1:${await freePort()}/`, required: false },
    ],
  });
  await program.ready();
  chromium = await Chromium.start();
  page = await chromium.open();
  await page.look(1300, 1000, 'light');
});
after(async () => {
  page?.close();
  await chromium?.stop();
  await program?.kill();
  await simulator?.stop();
  front?.closeAllConnections();
  front?.close();
});

async function picture(name: string): Promise<void> {
  const png = await page.screenshot();
  assert.ok(png.length > 20_000, `${name} is blank`);
  if (PICTURES !== undefined) writeFileSync(join(PICTURES, `${name}.png`), png);
}

/** Text of the focused link or button; id of what else has the focus. */
const FOCUSED = `(() => { const e = document.activeElement; return e.matches('a, button') ? e.textContent : e.id; })()`;

test('with 300 resources it shows every watch, from nothing but itself, in less than 100 KB', async (t) => {
  const { streams } = await program.status();
  assert.ok(streams.length >= 300, `${streams.length} streams`);
  await page.go(`${program.url}/`);
  await page.shows(`document.querySelectorAll('#strip i').length === ${streams.length}`);
  await page.shows(`document.querySelectorAll('#streams tbody tr:not(.group)').length === ${streams.length}`);
  const at = (mark: string) =>
    page.evaluate<number>(`Math.round(performance.getEntriesByName('${mark}')[0].startTime)`);
  const { metrics } = await page.send<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics');
  const value = (name: string) => metrics.find((m) => m.name === name)?.value ?? 0;
  t.diagnostic(
    `first paint after ${await at('first-contentful-paint')} ms, all shown after ${await at('shown')} ms, work ${Math.round(value('TaskDuration') * 1000)} ms`,
  );
  for (const url of page.requests) assert.ok(url.startsWith(`${program.url}/`), url);
  const paths = page.requests.map((url) => new URL(url).pathname);
  assert.deepEqual([...new Set(paths)].filter((p) => p !== '/page.svg').toSorted(), [
    '/',
    '/events',
    '/page.css',
    '/page.js',
  ]);
  let bytes = 0;
  for (const path of ['/', '/page.css', '/page.js', '/page.svg'])
    bytes += (await (await fetch(program.url + path)).arrayBuffer()).byteLength;
  assert.ok(bytes < 100_000, `${bytes} bytes`);
  t.diagnostic(`${bytes} bytes`);
});

test('what fails stands on top, with its code and what to do', async () => {
  await page.shows(`document.querySelector('#streams .group').textContent.includes('forbidden · 3 streams')`);
  const problems = await page.evaluate<string>(`document.getElementById('problem-list').innerText`);
  assert.match(problems, /gadgets007\.gadgets\.example\.com.*\s*API_FORBIDDEN/);
  assert.match(problems, /Grant get, list and watch on the resource, or exclude it/);
  await page.shows(`document.getElementById('problem-list').innerText.includes('exporter hook')`);
  await page.shows(`document.getElementById('exporters').innerText.includes('memoryLimit 64.0 MiB')`);
  assert.match(
    await page.evaluate<string>(`document.getElementById('problem-list').innerText`),
    /exporter hook\s*EXPORTER_UNREACHABLE/,
  );
  assert.equal(await page.evaluate(`document.querySelectorAll('#strip .bad').length`), 3);
});

test('it goes on by changes alone, and what it shows is what the status says', async () => {
  const before = (await program.status()).totals.records;
  await page.shows(`now.totals.records > ${before}`);
  await simulator.control('stop-churn');
  await program.settled();
  const { streams, totals } = await program.status();
  await page.shows(`now.totals.records === ${totals.records} && now.lag === 0`);
  const shown = await page.evaluate<Record<string, number>>(
    `Object.fromEntries(now.streams.map((s) => [s.id, s.records]))`,
  );
  assert.deepEqual(shown, Object.fromEntries(streams.map((s) => [s.id, s.records])));
  await simulator.control('start-churn');
  await page.shows(`now.totals.records > ${totals.records}`);
});

test('no name, uid or value of an object is in it, nor in the status', async () => {
  const { port } = front.address() as AddressInfo;
  const names = new Set<string>();
  for (const path of ['pods', 'secrets', 'configmaps']) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?limit=100`);
    const { items } = (await answer.json()) as {
      items: { metadata: { name: string; uid: string }; data?: Record<string, string> }[];
    };
    assert.ok(items.length > 0, path);
    for (const { metadata, data } of items)
      for (const text of [metadata.name, metadata.uid, ...Object.values(data ?? {})])
        if (text.length > 6) names.add(text);
  }
  const texts = [
    await page.evaluate<string>('document.documentElement.outerHTML'),
    await (await fetch(`${program.url}/status`)).text(),
  ];
  for (const text of texts) for (const name of names) assert.ok(!text.includes(name), name);
});

test('all of it can be reached and used by the keyboard', async () => {
  await page.evaluate(`document.activeElement.blur()`);
  const passed: string[] = [];
  for (let i = 0; i < 60 && passed.at(-1) !== 'filter'; i++) {
    await page.press('Tab');
    passed.push(await page.evaluate<string>(FOCUSED));
    const outline = await page.evaluate<string>(`getComputedStyle(document.activeElement).outlineStyle`);
    assert.notEqual(outline, 'none', `${passed.at(-1)} shows that it has the focus`);
  }
  assert.deepEqual(passed.slice(0, 3), [
    'Skip to what needs attention',
    'Skip to the exporters',
    'Skip to the streams',
  ]);
  assert.equal(passed.at(-1), 'filter');
  assert.ok(passed.includes('Rate') && passed.includes('Waiting'), passed.join());

  await page.type('gadgets00');
  await page.shows(`document.getElementById('found').textContent.startsWith('9 of ')`);
  assert.equal(await page.evaluate(`document.querySelectorAll('#streams tbody tr:not(.group)').length`), 9);
  await page.type(' forbidden');
  await page.shows(`document.getElementById('found').textContent.startsWith('2 of ')`);
  await picture('filtered');
  await page.press('Escape');
  await page.shows(`document.querySelectorAll('#streams tbody tr:not(.group)').length >= 300`);
  await page.evaluate(`document.activeElement.blur()`);
  await page.type('/');
  assert.equal(await page.evaluate(FOCUSED), 'filter');

  // The first head of the table, which sorts, and behind the heads the first group, which folds.
  await page.press('Tab');
  await page.press('Tab');
  assert.equal(await page.evaluate(FOCUSED), 'Stream');
  await page.press('Enter');
  await page.shows(`document.querySelector('#streams th').getAttribute('aria-sort') === 'descending'`);
  const names = await page.evaluate<string[]>(
    `[...document.querySelectorAll('#streams tbody:last-of-type tr:not(.group) th')].map((th) => th.lastChild.textContent)`,
  );
  assert.deepEqual(names, names.toSorted().toReversed());
  for (let i = 0; i < 9; i++) await page.press('Tab');
  assert.match(await page.evaluate<string>(FOCUSED), /forbidden/);
  await page.press('Enter');
  await page.shows(`document.querySelectorAll('#streams tbody:first-of-type tr').length === 1`);
  assert.match(await page.evaluate<string>(FOCUSED), /forbidden/, 'the focus stays');
  await page.press('Enter');
  await page.shows(`document.querySelectorAll('#streams tbody:first-of-type tr').length === 4`);
});

test('everything that can be seen has a name for who cannot see it', async () => {
  const { nodes } = await page.send<{
    nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
  }>('Accessibility.getFullAXTree');
  const named = ['button', 'link', 'image', 'img', 'table', 'region', 'searchbox', 'heading', 'columnheader'];
  const seen = nodes.filter((n) => !n.ignored && named.includes(n.role?.value ?? ''));
  assert.ok(seen.length > 50, `${seen.length} nodes`);
  for (const n of seen) assert.notEqual(n.name?.value ?? '', '', JSON.stringify(n));
});

for (const scheme of ['light', 'dark'] as const)
  test(`in ${scheme} its words can be told from their ground`, async () => {
    await page.evaluate('document.activeElement.blur(); scrollTo(0, 0)');
    await page.look(1300, 1000, scheme);
    // WCAG 2, 1.4.3: at least 4.5 to 1, of every colour of text on each ground that it stands on.
    const faint = await page.evaluate<string[]>(`(() => {
      const parse = (text) => text.match(/[\\d.]+/g).map(Number);
      const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
      const found = new Set();
      for (const e of document.querySelectorAll('body *')) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') || e.ownerSVGElement) continue;
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) found.add(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30));
      }
      return [...found];
    })()`);
    assert.deepEqual(faint, []);
    await picture(scheme);
    for (const y of [950, 1900]) {
      await page.evaluate(`scrollTo(0, ${y})`);
      await picture(`${scheme}-${y}`);
    }
    await page.evaluate('scrollTo(0, 0)');
  });

test('on a narrow screen nothing sticks out but what can be scrolled', async () => {
  await page.look(400, 900, 'light');
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  await picture('narrow');
});

test('names are text, whatever they hold; errors that are over and a reload that failed are told; it begins empty, and goes on after a restart', async () => {
  const mark = '<img src=/x onerror=alert(1)>';
  const error = { code: 'API_FORBIDDEN', message: `${mark} refused`, remedy: `grant ${mark}`, at: 5000 } as const;
  const starting: StatusReport = {
    version: '0',
    cluster: { name: mark, uid: '', server: '' },
    watchShard: { index: 0, count: 2, key: 'uid' },
    startedAt: 1,
    ready: false,
    reasons: ['it is starting'],
    state: { kind: '', epoch: '' },
    credits: { inFlight: 0, limit: 100 },
    streams: [],
    shards: [],
    exporters: [],
    totals: { records: 0, bytes: 0 },
    errors: [],
    history: { records: [], bytes: [], lagSeconds: [], inFlight: [] },
  };
  let status: StatusReport = starting;
  const health = () => ({ live: true, ready: true, reasons: [] });
  const options = { metrics: createMetrics(), status: () => status, health };
  let ops = await startOps({ ...options, listen: '127.0.0.1:0' });
  const own = await chromium.open();
  try {
    await own.look(1300, 1000, 'light');
    await own.go(`${ops.url}/`);
    await own.shows(`document.getElementById('problem-list').innerText.includes('it is starting')`);
    await own.shows(`document.getElementById('cluster').innerText.includes('share 0 of 2 of the objects, by uid')`);
    const stream = { state: mark, since: 1, synced: false, resourceVersion: '', knownObjects: 0, lagSeconds: 900 };
    const lastReload = { result: 'invalid', at: 4000, error: { ...error, code: 'CONFIG_INVALID' } };
    status = {
      ...starting,
      streams: Array.from({ length: 30 }, (_, i) => ({
        ...stream,
        id: `${mark}${i}`,
        resource: mark,
        shard: i,
        records: i,
        lastError: error,
      })),
      shards: Array.from({ length: 30 }, (_, i) => ({
        index: i,
        queueBytes: i,
        batches: 0,
        records: 0,
        restarts: i % 2,
      })),
      exporters: [
        {
          name: mark,
          type: mark,
          required: true,
          ok: false,
          detail: mark,
          lastError: error,
          acknowledged: 0,
          pendingBytes: 200,
          ackTimes: Array.from({ length: 16 }, () => 0),
          status: { [mark]: mark },
        },
      ],
      errors: [{ ...error, source: mark, since: 1, over: true }],
      config: { hash: 'abcdef123456', since: 1, reloading: false, lastReload },
    } as StatusReport;
    await own.shows(`document.getElementById('config').textContent.includes('last reload: invalid')`);
    await own.shows(`document.querySelectorAll('#streams tbody tr:not(.group)').length === 30`);
    const problems = await own.evaluate<string>(`document.getElementById('problem-list').innerText`);
    assert.match(problems, /and 28 more\s*API_FORBIDDEN/);
    assert.match(problems, /configuration\s*CONFIG_INVALID/);
    assert.equal(await own.evaluate(`document.querySelectorAll('#errors tbody tr').length`), 1);
    assert.equal(await own.evaluate(`document.querySelectorAll('img').length`), 0);
    assert.deepEqual(
      own.requests.filter((url) => url.endsWith('/x')),
      [],
    );
    assert.deepEqual(own.complaints, []);
    if (PICTURES !== undefined) writeFileSync(join(PICTURES, 'odd.png'), await own.screenshot());
    status = { ...starting, ready: true, reasons: [] };
    await own.shows(`document.querySelectorAll('#strip i, #topology g.edges path, #streams tbody').length === 0`);
    await own.shows(`document.getElementById('problems').hidden`);
    assert.deepEqual(own.complaints, []);
    await ops.close();
    await own.shows(`/no answer/.test(document.getElementById('ready').textContent)`);
    ops = await startOps({ ...options, listen: new URL(ops.url).host });
    await own.shows(`/ ready/.test(document.getElementById('ready').textContent)`);
  } finally {
    own.close();
    await ops.close();
  }
});

test('nothing was complained of, and it says so when nobody answers', async () => {
  assert.deepEqual(page.complaints, []);
  await program.kill();
  await page.shows(`/no answer/.test(document.getElementById('ready').textContent)`);
});
