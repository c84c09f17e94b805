import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceName } from '../../src/model/resource.ts';
import { watchConfig } from '../../src/watch/config.ts';
import { type ServedResource, selectResources } from '../../src/watch/selection.ts';
import { streamsOf } from '../../src/watch/streams.ts';

const served = (
  resource: string,
  group = '',
  kind = '',
  shortNames: string[] = [],
  namespaced = true,
): ServedResource => ({
  group,
  version: 'v1',
  kind: kind || resource.slice(0, -1),
  resource,
  namespaced,
  singular: resource.slice(0, -1),
  shortNames,
});
const ALL = [
  served('pods', '', 'Pod', ['po']),
  served('namespaces', '', 'Namespace', ['ns'], false),
  served('nodes', '', 'Node', ['no'], false),
  served('events', '', 'Event', ['ev']),
  served('events', 'events.k8s.io', 'Event', ['ev']),
  served('deployments', 'apps', 'Deployment', ['deploy']),
  served('leases', 'coordination.k8s.io', 'Lease'),
  served('services', '', 'Service', ['svc']),
  served('services', 'serving.knative.dev', 'Service', ['ksvc']),
  served('widgets', 'a.example', 'Widget'),
  served('widgets', 'b.example', 'Widget'),
];
const select = (include: string[], exclude: string[] = []) => {
  const { resources, unknown } = selectResources(ALL, include, exclude);
  return { names: resources.map(resourceName), unknown };
};

test('resources are named by plural and group, or by another name where only one fits', () => {
  assert.deepEqual(select(['pods', 'deployments.apps', 'po', 'Deployment', 'deploy.apps', 'deployments']).names, [
    'deployments.apps',
    'pods',
  ]);
  assert.deepEqual(select(['services']).names, ['services'], 'the core group comes first');
  assert.deepEqual(select(['ksvc']).names, ['services.serving.knative.dev']);
  assert.deepEqual(select(['widgets', 'nothing.example']), { names: [], unknown: ['widgets', 'nothing.example'] });
  assert.deepEqual(select(['*.apps', '*.b.example']).names, ['deployments.apps', 'widgets.b.example']);
});

test('* takes the events once, unless they are named or the core ones are excluded', () => {
  assert.ok(!select(['*']).names.includes('events.events.k8s.io'));
  assert.ok(select(['*', 'events.events.k8s.io']).names.includes('events.events.k8s.io'));
  const without = select(['*'], ['events', 'leases.coordination.k8s.io']).names;
  assert.ok(without.includes('events.events.k8s.io') && !without.includes('events'));
  assert.equal(without.length, ALL.length - 2);
});

test('a resource has one stream, in which the server leaves out excluded namespaces', () => {
  const config = watchConfig.parse({
    namespaces: { exclude: ['a', 'b'] },
    fieldSelector: 'metadata.name!=x',
    labelSelector: 'app=y',
    metadataOnly: ['pods'],
  });
  const pods = streamsOf(ALL[0] as ServedResource, config, ALL);
  assert.deepEqual(pods, [
    {
      id: 'pods',
      resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
      metadataOnly: true,
      labelSelector: 'app=y',
      fieldSelector: 'metadata.name!=x,metadata.namespace!=a,metadata.namespace!=b',
    },
  ]);
  const [namespaces] = streamsOf(ALL[1] as ServedResource, config, ALL);
  assert.equal(namespaces?.fieldSelector, 'metadata.name!=x,metadata.name!=a,metadata.name!=b');
  assert.equal(namespaces?.metadataOnly, false);
  assert.equal(streamsOf(ALL[2] as ServedResource, config, ALL)[0]?.fieldSelector, 'metadata.name!=x');
});

test('without cluster-scoped resources, namespaces among them, those of the namespaces alone are left', () => {
  const config = watchConfig.parse({ namespaces: { include: ['a'], clusterScoped: false } });
  assert.deepEqual(
    ALL.slice(0, 3).flatMap((r) => streamsOf(r as ServedResource, config, ALL).map((s) => s.id)),
    ['pods@a'],
  );
});

test('included namespaces have a stream each', () => {
  const config = watchConfig.parse({ namespaces: { include: ['a', 'b', 'c'], exclude: ['c'] } });
  assert.deepEqual(
    streamsOf(ALL[0] as ServedResource, config, ALL).map((s) => [s.id, s.namespace, s.fieldSelector]),
    [
      ['pods@a', 'a', undefined],
      ['pods@b', 'b', undefined],
    ],
  );
  assert.deepEqual(
    streamsOf(ALL[1] as ServedResource, config, ALL).map((s) => [s.id, s.namespace, s.fieldSelector]),
    [
      ['namespaces@a', undefined, 'metadata.name=a'],
      ['namespaces@b', undefined, 'metadata.name=b'],
    ],
  );
  assert.deepEqual(
    streamsOf(ALL[2] as ServedResource, config, ALL).map((s) => s.id),
    ['nodes'],
  );
});
