import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Stream } from '../../src/model/resource.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { ApiClient } from '../../src/watch/api-client.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from './intake-log.ts';
import { logger, metric, openApi, stopRunning, watch } from './watch-setup.ts';

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

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
function widgets(versions: string[]): unknown {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
      versions: versions.map((name, i) => ({ name, served: true, storage: i === 0, schema })),
    },
  };
}
async function createWidget(name: string, version = 'v1'): Promise<void> {
  const path = `/apis/example.com/${version}/namespaces/default/widgets`;
  const body = { apiVersion: `example.com/${version}`, kind: 'Widget', metadata: { name } };
  await until(`${name} can be created`, async () => (await kube.call('POST', path, body)).status === 201);
}
const namespace = async (name: string): Promise<void> => {
  if ((await kube.call('GET', `/api/v1/namespaces/${name}`)).status === 404)
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name } });
};

test('everything that can be listed and watched is watched, events once', async () => {
  const { watcher } = watch(api, {});
  await watcher.start();
  await until('all are synced', () => watcher.streams().every((s) => s.synced));
  const ids = watcher.streams().map((s) => s.stream.id);
  for (const id of [
    'pods',
    'configmaps',
    'events',
    'deployments.apps',
    'customresourcedefinitions.apiextensions.k8s.io',
  ])
    assert.ok(ids.includes(id), id);
  for (const id of ['leases.coordination.k8s.io', 'events.events.k8s.io', 'pods/status', 'bindings'])
    assert.ok(!ids.includes(id), id);
  assert.deepEqual(watcher.unknownResources, []);
});

test('a new CustomResourceDefinition is watched within 10 s, and its removal removes its objects', async () => {
  const { watcher, log, begun, metrics } = watch(api, { resources: ['widgets.example.com', 'namespaces'] });
  await watcher.start();
  assert.deepEqual(watcher.unknownResources, ['widgets.example.com']);
  await kube.must('POST', crdPath, widgets(['v1']));
  await until('it is watched', () => watcher.streams().some((s) => s.stream.id === 'widgets.example.com'), 10);
  await createWidget('one');
  await until('its object is seen', () => log.live('widgets.example.com').includes('default/one'));
  assert.deepEqual(watcher.unknownResources, []);

  await kube.must('PATCH', `${crdPath}/widgets.example.com`, {
    spec: (widgets(['v1', 'v2']) as { spec: unknown }).spec,
  });
  await until('the other version is watched', () => watcher.streams().some((s) => s.stream.resource.version === 'v2'));
  assert.deepEqual(begun.filter((id) => id === 'widgets.example.com').length, 2);
  await until('it is synced', () => watcher.streams().every((s) => s.synced));

  await kube.must('DELETE', `${crdPath}/widgets.example.com`);
  await until('it is removed', () => log.last('widgets.example.com', 'removed') !== undefined, 30);
  await until('no stream is left', () => watcher.streams().every((s) => s.stream.id === 'namespaces'));
  assert.deepEqual(log.live('widgets.example.com'), []);
  assert.equal(log.count('widgets.example.com', 'removed'), 1);
  assert.equal(log.types('widgets.example.com').at(-1), 'removed');
  assert.equal(await metric(metrics.streamSynced, { stream: 'widgets.example.com' }), 0);

  await watcher.restart('widgets.example.com');
  await until('its removal is told of again', () => log.count('widgets.example.com', 'removed') === 2);
  assert.equal(begun.filter((id) => id === 'widgets.example.com').length, 3, 'at what was committed');
  assert.ok(watcher.streams().every((s) => s.stream.id === 'namespaces'));

  await kube.must('POST', crdPath, widgets(['v1']));
  await until('it is watched again', () => begun.filter((id) => id === 'widgets.example.com').length === 4, 15);
  await createWidget('two');
  await until('its object is seen', () => log.live('widgets.example.com').includes('default/two'));
  assert.deepEqual(log.live('widgets.example.com'), ['default/two']);
});

test('a resource that may not be read does not hold up another one', async () => {
  const role = { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }] };
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await kube.must('POST', `${rbac}/clusterroles`, { metadata: { name: 'plain' }, ...role });
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'plain' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'plain' };
  await kube.must('POST', `${rbac}/clusterrolebindings`, { metadata: { name: 'plain' }, subjects, roleRef });
  const file = join(temporaryFolder('plain'), 'kubeconfig');
  writeFileSync(file, kube.kubeconfigText('{token: plain-token}'));
  const plain = await openApi(file);
  try {
    const { watcher, metrics } = watch(plain, { resources: ['configmaps', 'secrets'] });
    await watcher.start();
    const state = (id: string) => watcher.streams().find((s) => s.stream.id === id);
    await until('the allowed one is synced', () => state('configmaps')?.synced === true);
    await until('the other one is forbidden', () => state('secrets')?.state === 'forbidden');
    assert.equal(state('secrets')?.lastError?.code, 'API_FORBIDDEN');
    assert.equal(await metric(metrics.lists, { stream: 'secrets', result: 'forbidden' }), 1);
    assert.equal(await plain.clusterUid(), '');
  } finally {
    await stopRunning();
    await plain.close();
  }
  assert.match(await api.clusterUid(), /^[0-9a-f-]{36}$/);
});

test('excluded namespaces are left out by the server, included ones have streams of their own', async () => {
  await namespace('team-a');
  await namespace('team-b');
  for (const ns of ['team-a', 'team-b', 'default'])
    await kube.must('POST', `/api/v1/namespaces/${ns}/configmaps`, { metadata: { name: 'scoped' } });
  const without = watch(api, {
    resources: ['configmaps', 'namespaces'],
    namespaces: { exclude: ['team-b', 'kube-system'] },
  });
  await without.watcher.start();
  await until('all are synced', () => without.watcher.streams().every((s) => s.synced));
  assert.ok(without.log.live('configmaps').includes('team-a/scoped'));
  assert.ok(!without.log.live('configmaps').some((k) => k.startsWith('team-b/') || k.startsWith('kube-system/')));
  assert.ok(!without.log.live('namespaces').includes('team-b'));

  const within = watch(api, { resources: ['configmaps', 'namespaces'], namespaces: { include: ['team-a', 'team-b'] } });
  await within.watcher.start();
  await until('all are synced', () => within.watcher.streams().every((s) => s.synced));
  assert.deepEqual(
    within.watcher
      .streams()
      .map((s) => s.stream.id)
      .sort(),
    ['configmaps@team-a', 'configmaps@team-b', 'namespaces@team-a', 'namespaces@team-b'],
  );
  assert.deepEqual(within.log.live('namespaces@team-b'), ['team-b']);
  assert.ok(within.log.live('configmaps@team-a').includes('team-a/scoped'));
});

test('a stream can be listed again, and started again at a position', async () => {
  const position: { resourceVersion: string | undefined; relist: boolean } = {
    resourceVersion: undefined,
    relist: false,
  };
  const { watcher, log, begun } = watch(
    api,
    { resources: ['configmaps'] },
    {
      onStream: async (stream) => {
        begun.push(stream.id);
        return position;
      },
    },
  );
  await watcher.start();
  await until('it is synced', () => watcher.streams()[0]?.synced === true);
  watcher.relist('configmaps');
  await until('it is listed again', () => log.count('configmaps', 'list-end') === 2);
  assert.equal(log.last('configmaps', 'list-begin')?.relist, true);
  position.resourceVersion = watcher.streams()[0]?.resourceVersion;
  await watcher.restart('configmaps');
  await kube.must('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'after-restart' } });
  await until('the change', () => log.live('configmaps').includes('default/after-restart'));
  assert.equal(log.count('configmaps', 'list-begin'), 2);
  assert.deepEqual(begun, ['configmaps', 'configmaps']);
});

test('a stream that takes its time to begin again is begun once, one that could not is begun later, as the same stream', async () => {
  const asked: Stream[] = [];
  const metrics = createMetrics();
  let begin: Promise<void> | undefined;
  const config = { resources: ['configmaps'], discoveryInterval: '500ms' };
  const { watcher } = watch(api, config, {
    metrics,
    onStream: async (stream) => {
      asked.push(stream);
      await begin;
      return { resourceVersion: undefined, relist: false };
    },
  });
  const discovered = async (times: number): Promise<void> => {
    const before = await metric(metrics.discoveries, {});
    await until('discovery has looked', async () => (await metric(metrics.discoveries, {})) >= before + times);
  };
  await watcher.start();
  const slow = Promise.withResolvers<void>();
  begin = slow.promise;
  const restarted = watcher.restart('configmaps');
  await discovered(1).finally(() => slow.resolve());
  await restarted;
  await discovered(2);
  assert.equal(asked.length, 2);

  begin = Promise.reject(new Error('the state is away'));
  await assert.rejects(watcher.restart('configmaps'), /the state is away/);
  begin = undefined;
  await until('it is begun all the same', () => watcher.streams()[0]?.synced === true);
  assert.ok(asked.length > 3);
  for (const stream of asked) assert.equal(stream, asked[0], 'whoever keeps something of the stream keeps it');
});

test('an API group whose server is gone hides no other, and discovery goes on', async () => {
  const name = 'v1.gone.example.org';
  const path = '/apis/apiregistration.k8s.io/v1/apiservices';
  const spec = {
    group: 'gone.example.org',
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { name: 'none', namespace: 'default' },
  };
  await kube.must('POST', path, { metadata: { name }, spec });
  const metrics = createMetrics();
  const { watcher } = watch(api, { resources: ['*'] }, { metrics, logger });
  await watcher.start();
  await until('others are synced', () => watcher.streams().length > 20 && watcher.streams().every((s) => s.synced));
  await until('discovery goes on', async () => (await metric(metrics.discoveries, {})) >= 2);
  assert.equal(await metric(metrics.discoveries, { result: 'error' }), 0);
  await kube.must('DELETE', `${path}/${name}`);
});
