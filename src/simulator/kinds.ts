import type { Resource } from '../model/resource.ts';
import { configMap, event, node, secret, service, widget } from './builtin.ts';
import { APPS, type App, type Shape, STATEFUL } from './objects.ts';
import { gadget, pod } from './pod.ts';
import type { TemplateObject } from './template.ts';
import { deployment, replicaSet, statefulSet } from './workloads.ts';

export interface SimulatedKind {
  readonly resource: Resource;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Share of the objects and of the changes, where the options give no other mix. */
  readonly share: number;
  readonly build: (shape: Shape) => TemplateObject;
  /** The first of each app in a namespace owns others. */
  readonly owning: boolean;
  readonly apps: readonly App[];
}

const kind = (
  group: string,
  name: string,
  resource: string,
  share: number,
  build: SimulatedKind['build'],
  shortNames: string[] = [],
  namespaced = true,
): SimulatedKind => ({
  resource: { group, version: 'v1', kind: name, resource, namespaced },
  singular: name.toLowerCase(),
  shortNames,
  share,
  build,
  owning: false,
  apps: APPS,
});

const owning = (kind: SimulatedKind, stateful: boolean): SimulatedKind => ({
  ...kind,
  owning: true,
  apps: APPS.filter((app) => STATEFUL.has(app) === stateful),
});

/** Everything that can be simulated besides namespaces, which are always there. */
export const KINDS: readonly SimulatedKind[] = [
  kind('', 'Pod', 'pods', 50, pod, ['po']),
  kind('', 'ConfigMap', 'configmaps', 10, configMap, ['cm']),
  kind('', 'Secret', 'secrets', 6, secret),
  kind('', 'Event', 'events', 14, event, ['ev']),
  kind('', 'Service', 'services', 4, service, ['svc']),
  kind('', 'Node', 'nodes', 1, node, ['no'], false),
  owning(kind('apps', 'Deployment', 'deployments', 6, deployment, ['deploy']), false),
  owning(kind('apps', 'ReplicaSet', 'replicasets', 6, replicaSet, ['rs']), false),
  owning(kind('apps', 'StatefulSet', 'statefulsets', 2, statefulSet, ['sts']), true),
  kind('example.com', 'Widget', 'widgets', 3, widget, ['wd']),
];

export const NAMESPACES: Resource = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
};

/** Further custom resources, of the group `gadgets.example.com`: `gadgets001`, `gadgets002`, …, all of one content. */
export function gadgetKinds(count: number): SimulatedKind[] {
  return Array.from({ length: count }, (_, i) => {
    const number = String(i + 1).padStart(3, '0');
    return kind('gadgets.example.com', `Gadget${number}`, `gadgets${number}`, 1, (s) => gadget(s, `Gadget${number}`));
  });
}
