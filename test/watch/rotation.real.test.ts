import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { ApiClient } from '../../src/watch/api-client.ts';
import { Credentials } from '../../src/watch/credentials.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { leaf } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { type IntakeLog, until } from './intake-log.ts';
import { type Driven, drive, logger, metric, openApi, stopRunning, streamFor } from './watch-setup.ts';

let kube: KubeServer;
const folder = temporaryFolder('audit');
const auditLog = join(folder, 'audit.log');
const policy = join(folder, 'policy.yaml');
before(async () => {
  writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n');
  kube = await KubeServer.start({ apiFlags: [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`] });
  await kube.must('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'watcher' } });
  const subjects = [
    { kind: 'ServiceAccount', name: 'watcher', namespace: 'default' },
    ...['first', 'second', 'third', 'fourth'].map((name) => ({ kind: 'User', name })),
  ];
  await kube.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'watchers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects,
  });
});
afterEach(stopRunning);
after(() => kube.stop());

const configmaps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';

/** Creates configmaps until told to stop. */
function writing(prefix: string): () => Promise<string[]> {
  const names: string[] = [];
  let on = true;
  const loop = (async () => {
    while (on) {
      const name = `${prefix}-${names.length}`;
      await kube.must('POST', configmaps, { metadata: { name } });
      names.push(name);
      await new Promise((r) => setTimeout(r, 100));
    }
  })();
  return async () => {
    on = false;
    await loop;
    return names;
  };
}

/** Each of them was seen once, in order, by watching; and there was one list, the first. */
async function seenOnce(log: IntakeLog, names: readonly string[], prefix: string): Promise<void> {
  await until('the last one', () => log.live('configmaps').includes(`default/${names.at(-1)}`), 60);
  const seen = log.seen.filter((s) => s.name.startsWith(`${prefix}-`)).map((s) => s.name);
  assert.deepEqual(seen, names);
  assert.equal(log.count('configmaps', 'list-begin'), 1);
}

/** A token of the service account for as long as its Secret is there: at least 10 minutes is all that the API gives otherwise. */
async function tokenOf(name: string): Promise<string> {
  const { metadata } = await kube.must('POST', secrets, { metadata: { name } });
  const answer = await kube.must('POST', '/api/v1/namespaces/default/serviceaccounts/watcher/token', {
    spec: { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name, uid: metadata.uid } },
  });
  return answer.status.token;
}
const revoke = (name: string): Promise<unknown> => kube.must('DELETE', `${secrets}/${name}`);
/** Short watches: the server asks for credentials at the beginning of each only. */
const SHORT = { watchSeconds: 1 };
const refused = (metrics: Metrics): Promise<number> => metric(metrics.apiRequests, { status: '401' });

/** A pod's folder of the service account, as the kubelet writes it, and a client that runs in it. */
async function inPod(token: string): Promise<{ api: ApiClient; metrics: Metrics; renew: (token: string) => void }> {
  const root = temporaryFolder('pod');
  const file = join(root, 'var/run/secrets/kubernetes.io/serviceaccount/token');
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(kube.ca, join(dirname(file), 'ca.crt'));
  writeFileSync(join(dirname(file), 'namespace'), 'default');
  const renew = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  renew(token);
  const { HOME, KUBECONFIG } = process.env;
  process.env.HOME = root;
  delete process.env.KUBECONFIG;
  process.env.KUBERNETES_SERVICE_HOST = '127.0.0.1';
  process.env.KUBERNETES_SERVICE_PORT = String(kube.port);
  const metrics = createMetrics();
  const api = new ApiClient({ credentials: await Credentials.load(undefined, root), metrics, logger });
  after(async () => {
    if (HOME !== undefined) process.env.HOME = HOME;
    if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
    await api.close();
  });
  return { api, metrics, renew };
}

async function begun(api: ApiClient, metrics: Metrics): Promise<Driven> {
  const driven = drive(api, streamFor(), { ...SHORT, metrics });
  driven.driver.start(undefined, { relist: false });
  await until('the list is complete', () => driven.driver.state().synced);
  return driven;
}

test('in a pod: a token that was revoked is replaced by the one of the file at the first 401', async () => {
  const { api, metrics, renew } = await inPod(`${await tokenOf('pod-1')}\n`);
  const { driver, log } = await begun(api, metrics);
  const stop = writing('pod');
  for (const [old, next] of [
    ['pod-1', 'pod-2'],
    ['pod-2', 'pod-3'],
  ] as const) {
    const before = await refused(metrics);
    renew(`${await tokenOf(next)}\n`);
    await revoke(old);
    await until('a request is refused', async () => (await refused(metrics)) > before, 60);
    assert.equal(await refused(metrics), before + 1, 'one, and then the new token');
    assert.equal(driver.state().lastError, undefined);
    assert.ok(driver.state().synced);
  }
  await seenOnce(log, await stop(), 'pod');
  assert.equal(await refused(metrics), 2);
});

test('in a pod: a token that is renewed too late is waited for, and the stream goes on where it was', async () => {
  const { api, metrics, renew } = await inPod(await tokenOf('late-1'));
  const { driver, log } = await begun(api, metrics);
  const stop = writing('late');
  const next = await tokenOf('late-2');
  await revoke('late-1');
  await until('it says so', () => driver.state().lastError?.code === 'API_UNAUTHORIZED', 60);
  const before = log.seen.length;
  renew(`${next}\n`);
  await until('it goes on', () => log.seen.length > before && driver.state().lastError === undefined, 60);
  await seenOnce(log, await stop(), 'late');
});

test('a tokenFile of a kubeconfig: a token that was revoked is replaced by what the file holds then', async () => {
  const place = temporaryFolder('token-file');
  const kubeconfig = join(place, 'kubeconfig');
  writeFileSync(kubeconfig, kube.kubeconfigText('{tokenFile: token}', `https://127.0.0.1:${kube.port}`));
  writeFileSync(join(place, 'token'), `${await tokenOf('file-1')}\n`);
  const metrics = createMetrics();
  const { driver, log } = await begun(await openApi(kubeconfig, metrics), metrics);
  const stop = writing('file');
  const next = await tokenOf('file-2');
  await revoke('file-1');
  await until('it says so', () => driver.state().lastError?.code === 'API_UNAUTHORIZED', 60);
  const before = log.seen.length;
  writeFileSync(join(place, 'token'), `${next}\n`);
  await until('it goes on', () => log.seen.length > before && driver.state().lastError === undefined, 60);
  await seenOnce(log, await stop(), 'file');
});

test('an exec plugin is run again when its token is refused, and when it has expired', async () => {
  const place = temporaryFolder('exec');
  const plugin = join(place, 'plugin.sh');
  const answer = join(place, 'answer');
  const say = async (name: string, expirationTimestamp?: string): Promise<void> => {
    const status = {
      token: await tokenOf(name),
      ...(expirationTimestamp === undefined ? {} : { expirationTimestamp }),
    };
    writeFileSync(
      answer,
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }),
    );
  };
  writeFileSync(plugin, `#!/bin/sh\necho run >> ${place}/runs\ncat ${answer}\n`);
  chmodSync(plugin, 0o755);
  const runs = (): number => readFileSync(join(place, 'runs'), 'utf8').split('\n').length - 1;
  await say('exec-1');
  const kubeconfig = join(place, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    kube.kubeconfigText(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: ${plugin}, args: []}}`),
  );
  const metrics = createMetrics();
  const api = await openApi(kubeconfig, metrics);
  const { driver, log } = await begun(api, metrics);
  const stop = writing('exec');
  assert.equal(runs(), 1);
  await say('exec-2', new Date(Date.now() + 3600_000).toISOString());
  await revoke('exec-1');
  await until('a request is refused', async () => (await refused(metrics)) === 1, 60);
  await until('the plugin has run', () => runs() === 2);
  assert.equal(driver.state().lastError, undefined);
  // A token that has expired is not even tried.
  await say('exec-3', new Date(Date.now() + 1000).toISOString());
  await revoke('exec-2');
  await until('a request is refused', async () => (await refused(metrics)) >= 2, 60);
  await until('the plugin has run each time that its token was too old', () => runs() > 4, 60);
  // A busy API server may refuse a token that it has just made, before it knows the Secret that it is bound to.
  const tried = await refused(metrics);
  await until('it has run again', () => runs() > 6, 60);
  await seenOnce(log, await stop(), 'exec');
  assert.equal(await refused(metrics), tried);
  await api.close();
});

test('client certificates that are replaced on disk are used for the next request, and old connections end', async (t) => {
  const place = temporaryFolder('certificates');
  for (const name of ['first', 'second', 'third', 'fourth']) leaf(kube.pki, name, `/CN=${name}`);
  const copy = (name: string, kind: 'crt' | 'key'): void =>
    copyFileSync(join(kube.pki, `${name}.${kind}`), join(place, `current.${kind}`));
  copy('first', 'crt');
  copy('first', 'key');
  const proxy = await TcpProxy.start(kube.port);
  t.after(() => proxy.stop());
  const kubeconfig = join(place, 'kubeconfig');
  const user = `{client-certificate: ${place}/current.crt, client-key: ${place}/current.key}`;
  writeFileSync(kubeconfig, kube.kubeconfigText(user, `https://127.0.0.1:${proxy.port}`));
  const metrics = createMetrics();
  const api = await openApi(kubeconfig, metrics);
  const watchesOf = (name: string): number =>
    readFileSync(auditLog, 'utf8')
      .split('\n')
      .filter((line) => line.includes(`"username":"${name}"`) && line.includes('watch=true')).length;
  const { log } = await begun(api, metrics);
  const stop = writing('cert');
  await until('the first is used', () => watchesOf('first') > 1, 60);
  for (const name of ['second', 'third']) {
    copy(name, 'crt');
    copy(name, 'key');
    await until(`${name} is used`, () => watchesOf(name) > 1, 60);
  }
  const gone = watchesOf('first') + watchesOf('second');
  // The certificate alone, as a renewal leaves it for a moment: no connection can be made with the old key.
  copy('fourth', 'crt');
  await until('it cannot be used', async () => (await metric(metrics.apiRequests, { status: 'failed' })) > 0, 60);
  copy('fourth', 'key');
  await until('the fourth is used', () => watchesOf('fourth') > 1, 60);
  await seenOnce(log, await stop(), 'cert');
  assert.equal(watchesOf('first') + watchesOf('second'), gone, 'none is made with an old one');
  assert.equal(await refused(metrics), 0);
  await until('the connection of the watch is the only one', () => proxy.open === 1, 60);
  await api.close();
  await until('none is left', () => proxy.open === 0);
});

test('a connection whose certificate is replaced while its watch goes on ends with that watch, or with the client', async (t) => {
  const place = temporaryFolder('long');
  const copy = (name: string): void => {
    for (const kind of ['crt', 'key']) copyFileSync(join(kube.pki, `${name}.${kind}`), join(place, `current.${kind}`));
  };
  leaf(kube.pki, 'first', '/CN=first');
  leaf(kube.pki, 'second', '/CN=second');
  copy('first');
  const proxy = await TcpProxy.start(kube.port);
  t.after(() => proxy.stop());
  const kubeconfig = join(place, 'kubeconfig');
  const user = `{client-certificate: ${place}/current.crt, client-key: ${place}/current.key}`;
  writeFileSync(kubeconfig, kube.kubeconfigText(user, `https://127.0.0.1:${proxy.port}`));
  const api = await openApi(kubeconfig);
  const watch = await api.get('/api/v1/configmaps?watch=true&timeoutSeconds=600');
  copy('second');
  assert.equal((await api.getJson('/api/v1/namespaces/default')).status, 200);
  assert.equal(proxy.open, 2);
  let bytes = 0;
  watch.body.into({
    data: (chunk) => {
      bytes += chunk.length;
    },
    end: () => undefined,
    failed: () => undefined, // it is broken off below
  });
  await kube.must('POST', configmaps, { metadata: { name: 'long-lived' } });
  await until('the old watch goes on', () => bytes > 0);
  await api.close();
  await until('none is left', () => proxy.open === 0, 10);
});
