import { apiVersion, type Resource } from '../model/resource.ts';
import type { Served } from './cluster.ts';
import { KINDS, NAMESPACES } from './kinds.ts';

export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const VERBS = ['get', 'list', 'watch'];

export function versionBody(): unknown {
  return {
    major: '1',
    minor: '35',
    gitVersion: 'v1.35.4+simulated',
    gitCommit: '',
    gitTreeState: 'clean',
    platform: 'linux/amd64',
  };
}

function names(r: Resource): { singular: string; shortNames: readonly string[] } {
  const shortNames = r === NAMESPACES ? ['ns'] : [];
  return KINDS.find((k) => k.resource === r) ?? { singular: r.kind.toLowerCase(), shortNames };
}

/** `/api` for the core group, `/apis` for the others, aggregated (KEP-3352). */
export function aggregatedDiscovery(served: readonly Served[], core: boolean): unknown {
  const items = groups(
    served.map((s) => s.resource),
    core,
  ).map(([group, resources]) => ({
    metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
    versions: [
      {
        version: 'v1',
        freshness: 'Current',
        resources: resources.map((r) => ({
          resource: r.resource,
          responseKind: { group: r.group, version: r.version, kind: r.kind },
          scope: r.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: names(r).singular,
          shortNames: names(r).shortNames,
          verbs: VERBS,
          ...(r.resource === 'pods'
            ? {
                subresources: [
                  { subresource: 'status', responseKind: { group: '', version: 'v1', kind: 'Pod' }, verbs: ['get'] },
                ],
              }
            : {}),
        })),
      },
    ],
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

export function coreVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
}

export function groupList(served: readonly Served[]): unknown {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups(
      served.map((s) => s.resource),
      false,
    ).map(([group]) => groupBody(group)),
  };
}

export function groupBody(group: string): Record<string, unknown> {
  const version = { groupVersion: `${group}/v1`, version: 'v1' };
  return { name: group, versions: [version], preferredVersion: version };
}

/** `/api/v1`, `/apis/<group>/<version>`; undefined where there is no such group. */
export function resourceList(served: readonly Served[], group: string): unknown {
  const resources = served.map((s) => s.resource).filter((r) => r.group === group);
  if (resources.length === 0) return undefined;
  const rows = resources.map((r) => ({
    name: r.resource,
    singularName: names(r).singular,
    namespaced: r.namespaced,
    kind: r.kind,
    verbs: VERBS,
    shortNames: names(r).shortNames,
  }));
  const status = resources.some((r) => r.resource === 'pods')
    ? [{ name: 'pods/status', singularName: '', namespaced: true, kind: 'Pod', verbs: ['get'] }]
    : [];
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion(resources[0]!),
    resources: [...rows, ...status],
  };
}

function groups(resources: readonly Resource[], core: boolean): [string, Resource[]][] {
  const found = new Map<string, Resource[]>();
  for (const r of resources) if ((r.group === '') === core) found.set(r.group, [...(found.get(r.group) ?? []), r]);
  return [...found];
}
