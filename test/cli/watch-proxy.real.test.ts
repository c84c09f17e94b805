import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { HttpSink } from '../exporters/http-sink.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { BIN, watershard } from '../support/command-line.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { ADMIN_TOKEN } from '../support/servers/pki.ts';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

interface Entry {
  readonly asset_type_id: string;
  readonly data: { readonly metadata: Record<string, unknown>; readonly data?: Record<string, string> } | null;
  readonly uniqueId: string;
  readonly event: string;
}

const PASSWORD = 'pass-4711';
const SECRET = 'c2VjcmV0LXZhbHVlLTQ3MTE=';
const folder = temporaryFolder('watch-proxy');
const file = join(folder, 'config.yaml');
const log = join(folder, 'log');
const dataDir = join(folder, 'volume');

describe('watershard watch-proxy does what watch-proxy does, without its faults', () => {
  let kube: KubeServer;
  let proxy: HttpProxy;
  let program: ChildProcess | undefined;
  let live = 0;
  let metrics = 0;
  let ops = 0;
  const [vro, all, web] = [new HttpSink(), new HttpSink(), new HttpSink()];

  const config = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
    clusterName: 'dev',
    emitInterval: 1,
    emitBatchMaxObjects: 50,
    prometheusMetrics: { port: metrics, path: '/prom' },
    httpLiveness: { port: live },
    remoteEndpoints: [
      { type: 'vro', url: vro.url },
      { type: 'http', url: all.url, usernameVar: 'USERNAME1', passwordVar: 'PASSWORD1' },
      { type: 'http', url: web.url, namespaces: ['web'], resourceTypes: ['services', 'configmaps', 'namespaces'] },
    ],
    resources: [
      { name: 'namespaces' },
      { name: 'configmaps', assetId: 'cm', pruneFields: ['metadata.resourceVersion', 'metadata.annotations'] },
      { name: 'secrets' },
      { name: 'services', assetId: 'svc', filterEvents: ['update'] },
    ],
    ignoreNamespaces: ['kube', 'kube-system', 'default'],
    ...changes,
  });
  const write = (changes?: Record<string, unknown>): void => writeFileSync(file, stringify(config(changes)));
  const start = async (): Promise<void> => {
    const descriptor = openSync(log, 'a');
    const args = [
      'watch-proxy',
      '-c',
      file,
      '-kubeconfig',
      join(folder, 'kubeconfig'),
      '-data-dir',
      dataDir,
      '-listen',
      `127.0.0.1:${ops}`,
      '-logtostderr',
      '-v=2',
    ];
    program = spawn(process.execPath, [BIN, ...args], {
      stdio: ['ignore', descriptor, descriptor],
      env: { ...process.env, USERNAME1: 'user1\n', PASSWORD1: `${PASSWORD}\n` },
    });
    closeSync(descriptor);
    await until(
      () => `it is alive:\n${logged().slice(-2000)}`,
      async () => (await fetch(`http://127.0.0.1:${live}/live`)).status === 200,
    );
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    const child = program;
    program = undefined;
    if (child === undefined) return null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return await ended;
  };
  const logged = (): string => readFileSync(log, 'utf8');
  const entries = (sink: HttpSink): Entry[] =>
    sink.stored.flatMap((body) => (JSON.parse(body) as { data: Entry[] }).data);
  const nameOf = ({ data }: Entry): string => `${data?.metadata.namespace ?? ''}/${data?.metadata.name}`;
  const events = (sink: HttpSink, name: string): string[] =>
    entries(sink)
      .filter((entry) => nameOf(entry) === name)
      .map((entry) => entry.event);
  const told = (sink: HttpSink, name: string, ...expected: string[]): Promise<unknown> =>
    until(
      () => `${name} is told of as ${expected}: ${events(sink, name)}\n${logged().slice(-2000)}`,
      () => JSON.stringify(events(sink, name)) === JSON.stringify(expected),
    );
  const configmaps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
  const create = (
    namespace: string,
    name: string,
    data: Record<string, string> = {},
  ): Promise<{ metadata: { uid: string } }> => kube.must('POST', configmaps(namespace), { metadata: { name }, data });

  before(async () => {
    kube = await KubeServer.start();
    const { pki, ca } = kube;
    proxy = await HttpProxy.start({
      target: () => kube.url,
      tls: { cert: join(pki, 'apiserver.crt'), key: join(pki, 'apiserver.key'), ca },
    });
    writeFileSync(join(folder, 'kubeconfig'), kube.kubeconfigText(`{token: ${ADMIN_TOKEN}}`, proxy.url));
    live = await freePort();
    metrics = await freePort();
    ops = await freePort();
    await Promise.all([vro, all, web].map((sink) => sink.start()));
    for (const name of ['web', 'website', 'kubeflow'])
      await kube.must('POST', '/api/v1/namespaces', { metadata: { name } });
    await create('web', 'first', { a: 'x|y<' });
    await create('website', 'other');
    await create('default', 'ignored');
    await create('kubeflow', 'not-ignored');
    await kube.must('POST', '/api/v1/namespaces/web/secrets', { metadata: { name: 'key' }, data: { key: SECRET } });
    await kube.must('POST', '/api/v1/namespaces/web/services', {
      metadata: { name: 'ui' },
      spec: { ports: [{ port: 80 }], selector: { app: 'ui' } },
    });
  });
  after(async () => {
    await stop('SIGKILL');
    await Promise.all([kube?.stop(), proxy?.stop(), ...[vro, all, web].map((sink) => sink.stop())]);
  });

  test('flags are followed, and what is there is told of in its form', async () => {
    write();
    await start();
    await told(all, 'web/first', 'add');
    await told(all, 'web/key', 'add');
    await told(all, 'web/ui', 'add');
    const { headers, body } = all.received.find((r) => r.body.includes('"name":"first"'))!;
    assert.equal(
      headers.authorization,
      `Basic ${Buffer.from(`user1:${PASSWORD}`).toString('base64')}`,
      'without line breaks',
    );
    assert.equal(headers['content-type'], 'application/json');
    assert.ok(body.startsWith('{"data":[{"asset_type_id":"') && body.endsWith('}],"meta":{"cluster":"dev"}}'));
    const entry = entries(all).find((e) => nameOf(e) === 'web/first')!;
    const uid = entry.data?.metadata.uid;
    assert.deepEqual(
      [entry.asset_type_id, entry.uniqueId, entry.data?.metadata.uniqueId],
      ['cm', `dev-${uid}`, `dev-${uid}`],
    );
    assert.deepEqual(Object.keys(entry.data ?? {}), ['data', 'metadata'], 'neither kind nor apiVersion');
    assert.ok(body.includes('"data":{"a":"x|y\\u003c"}'));
    assert.equal('resourceVersion' in (entry.data?.metadata ?? {}), false);
    assert.equal(entries(all).find((e) => nameOf(e) === 'web/key')?.data?.data?.key, SECRET);
  });

  test('endpoints behind one of type vro get everything, and vro its own form', async () => {
    await until('vro has it', () => vro.stored.some((body) => body.includes('first')));
    const { parameters } = JSON.parse(vro.stored[0]!) as {
      parameters: { value: { string: { value: string } }; type: string; name: string }[];
    };
    assert.deepEqual(
      parameters.map(({ type, name }) => [type, name]),
      [['string', 'input']],
    );
    const texts = vro.stored.map(
      (body) => (JSON.parse(body) as { parameters: typeof parameters }).parameters[0]!.value.string.value,
    );
    const inside = texts.flatMap((text) => (JSON.parse(text) as { data: Entry[] }).data);
    assert.deepEqual(
      inside.map((e) => e.uniqueId).sort(),
      entries(all)
        .map((e) => e.uniqueId)
        .sort(),
    );
  });

  test('namespaces go by exact name on a server without selfLink, for ignoreNamespaces and for an endpoint', async () => {
    await told(web, 'web/first', 'add');
    await told(web, 'web/ui', 'add');
    await told(all, 'website/other', 'add');
    await told(all, 'kubeflow/not-ignored', 'add');
    assert.deepEqual(
      [...new Set(entries(web).map(nameOf))].sort(),
      ['/web', 'web/first', 'web/ui'],
      'no website, and no secret',
    );
    const names = entries(all).map(nameOf);
    assert.equal(
      names.some((name) => /^(default|kube-system)\/|^\/(default|kube-system)$/.test(name)),
      false,
      names.join(),
    );
    assert.ok(names.includes('/kubeflow'));
  });

  test('a delete carries the object whatever is in it, in order; filterEvents leaves out what it names', async () => {
    await kube.must('PATCH', `${configmaps('web')}/first`, { data: { a: 'x|2' } });
    await told(all, 'web/first', 'add', 'update');
    await kube.must('DELETE', `${configmaps('web')}/first`);
    await told(all, 'web/first', 'add', 'update', 'delete');
    assert.deepEqual(entries(all).findLast((e) => nameOf(e) === 'web/first')?.data?.data, { a: 'x|2' });
    await kube.must('PATCH', '/api/v1/namespaces/web/services/ui', { metadata: { labels: { a: 'b' } } });
    await kube.must('DELETE', '/api/v1/namespaces/web/services/ui');
    await told(all, 'web/ui', 'add', 'delete');
    for (let i = 0; i < 20; i++) {
      await create('web', 'fast');
      await kube.must('DELETE', `${configmaps('web')}/fast`);
    }
    await told(all, 'web/fast', ...Array.from({ length: 20 }, () => ['add', 'delete']).flat());
    assert.equal(
      entries(all).some((e) => e.data === null),
      false,
      'no ghosts',
    );
  });

  test('a change of pruned fields alone is none', async () => {
    await create('web', 'quiet');
    await kube.must('PATCH', `${configmaps('web')}/quiet`, { metadata: { annotations: { a: '1' } } });
    await kube.must('PATCH', `${configmaps('web')}/quiet`, { data: { b: '1' } });
    await told(all, 'web/quiet', 'add', 'update');
  });

  test('503 for every request and the watches broken off: it goes on when the server does, and tells what it missed', async () => {
    const struck = proxy.add({ when: () => true, fault: { type: 'answer', status: 503 } });
    proxy.breakAll();
    await create('web', 'meanwhile');
    await kube.must('DELETE', `${configmaps('web')}/quiet`);
    await until('each watch was refused', () => struck() >= 8);
    proxy.clear();
    await told(all, 'web/meanwhile', 'add');
    await told(all, 'web/quiet', 'add', 'update', 'delete');
  });

  test('an endpoint that is away delays no other, and gets what it missed, in order', async () => {
    await web.stop();
    await create('web', 'late');
    await kube.must('PATCH', `${configmaps('web')}/late`, { data: { n: '1' } });
    await kube.must('DELETE', `${configmaps('web')}/late`);
    await told(all, 'web/late', 'add', 'update', 'delete');
    assert.deepEqual(events(web, 'web/late'), []);
    await web.start();
    await told(web, 'web/late', 'add', 'update', 'delete');
  });

  test('an answer that is no success loses nothing, and 202 is one', async () => {
    all.next.push({ type: 'answer', status: 500 }, { type: 'reset-after' }, { type: 'answer', status: 429 });
    await create('web', 'retried');
    await until('it is there', () => events(all, 'web/retried').length > 0);
    await until('it was refused before', () => all.next.length === 0);
    all.always = { type: 'answer', status: 202 };
    await create('web', 'accepted');
    await told(all, 'web/accepted', 'add');
    await create('web', 'behind');
    await told(all, 'web/behind', 'add');
    assert.equal(events(all, 'web/accepted').length, 1);
  });

  test('stopped and started, and killed and started: only what changed meanwhile, deletes too', async () => {
    await create('web', 'gone');
    await told(all, 'web/gone', 'add');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const code = await stop(signal);
      assert.equal(code, signal === 'SIGTERM' ? 0 : null);
      const before = entries(all).length;
      await create('web', `after-${signal.toLowerCase()}`);
      if (signal === 'SIGTERM') await kube.must('DELETE', `${configmaps('web')}/gone`);
      await start();
      await told(all, `web/after-${signal.toLowerCase()}`, 'add');
      if (signal === 'SIGTERM') await told(all, 'web/gone', 'add', 'delete');
      const fresh = entries(all).slice(before).map(nameOf);
      assert.equal(
        fresh.some((name) => name === 'web/key' || name === '/web'),
        false,
        'what is unchanged is not sent again',
      );
    }
  });

  test('an endpoint that is away at a crash and at the start behind it delays no other, and loses nothing', async () => {
    await web.stop();
    await create('web', 'kept');
    await told(all, 'web/kept', 'add');
    await stop('SIGKILL');
    await start();
    await create('web', 'next');
    await told(all, 'web/next', 'add');
    assert.deepEqual(events(web, 'web/kept'), []);
    await web.start();
    await told(web, 'web/next', 'add');
    assert.ok(
      events(web, 'web/kept').length > 0,
      'before the next one; a second time where the crash was before the commit',
    );
  });

  test('probes and scrapers find what they look for, on both ports', async () => {
    for (const port of [live, metrics]) {
      const alive = await fetch(`http://127.0.0.1:${port}/live`);
      assert.deepEqual([alive.status, await alive.text()], [200, 'OK\n']);
      const scraped = await fetch(`http://127.0.0.1:${port}/prom`);
      assert.match(await scraped.text(), /^watershard_exporter_records_total\{exporter="endpoint-2"\} \d+$/m);
      assert.equal((await fetch(`http://127.0.0.1:${port}/status`)).status, 404);
    }
    await until('the file of the exec probe is there', () => existsSync(join(dataDir, 'healthy')));
  });

  test('a changed file is taken up, and what stays in it is pruned as before; a wrong one changes nothing', async () => {
    writeFileSync(file, 'resources: [');
    await until('it says so', () => logged().includes('the changed file cannot be used'));
    const resources = [...(config().resources as object[]), { name: 'nodes', assetId: 'no' }];
    write({ resources });
    await kube.must('POST', '/api/v1/nodes', { metadata: { name: 'node-1' } });
    await told(all, '/node-1', 'add');
    await create('web', 'pruned-still');
    await told(all, 'web/pruned-still', 'add');
    const entry = entries(all).find((e) => nameOf(e) === 'web/pruned-still');
    assert.deepEqual([entry?.asset_type_id, 'resourceVersion' in (entry?.data?.metadata ?? {})], ['cm', false]);
  });

  test('no secret is in the log', () => {
    assert.ok(logged().includes('started'));
    for (const secret of [PASSWORD, SECRET, 'user1', 'x|2']) assert.equal(logged().includes(secret), false, secret);
  });

  test('the ordinary configuration is printed, with references, and is one', async () => {
    write();
    const { code, stdout, stderr } = await watershard(['watch-proxy', '-c', file, '-print-config']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, new RegExp(PASSWORD));
    const printed = join(folder, 'printed.yaml');
    writeFileSync(printed, stdout);
    assert.equal((parse(stdout) as { exporters: unknown[] }).exporters.length, 3);
    const checked = await watershard(['validate', '--config', printed]);
    assert.equal(checked.code, 0, checked.stderr);
  });
});

test('a command line or a file that is wrong ends with 2 and says why', async () => {
  const help = await watershard(['watch-proxy', '-help']);
  assert.deepEqual([help.code, /-kubeconfig FILE/.test(help.stdout)], [0, true]);
  const unknown = await watershard(['watch-proxy', '-nope']);
  assert.deepEqual([unknown.code, /-nope is not known/.test(unknown.stderr)], [2, true]);
  const missing = await watershard(['watch-proxy', '-c', join(folder, 'none.yaml')]);
  assert.deepEqual([missing.code, /there is no such file/.test(missing.stderr)], [2, true]);
  const wrong = join(folder, 'wrong.yaml');
  writeFileSync(wrong, 'emitInterval: 1s\nresources: [{name: pods}]\n');
  const refused = await watershard(['watch-proxy', '-c', wrong]);
  assert.deepEqual([refused.code, /line 1: emitInterval: expected/.test(refused.stderr)], [2, true]);
});
