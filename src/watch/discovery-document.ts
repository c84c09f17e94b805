import type { ServedResource } from './selection.ts';

/** What is known of one API group. */
export interface ServedGroup {
  readonly group: string;
  /** In the server's order of preference. */
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  /** undefined where the server that has it did not answer: what was known before still holds. */
  readonly resources: readonly ServedResource[] | undefined;
}

interface GroupDiscovery {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly freshness?: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly responseKind?: { readonly kind?: string };
      readonly scope?: string;
      readonly singularResource?: string;
      readonly shortNames?: readonly string[];
      readonly verbs?: readonly string[];
    }[];
  }[];
}

/** APIGroupDiscoveryList of apidiscovery.k8s.io v2 or v2beta1 (KEP-3352); undefined for any other document. */
export function parseAggregated(document: unknown): ServedGroup[] | undefined {
  const { kind, items } = (document ?? {}) as { kind?: string; items?: readonly GroupDiscovery[] };
  if (kind !== 'APIGroupDiscoveryList') return undefined;
  return (items ?? []).map((item) => {
    const group = item.metadata?.name ?? '';
    const versions = (item.versions ?? []).map((v): ServedVersion => {
      if (v.freshness === 'Stale') return { version: v.version, resources: undefined };
      const resources = (v.resources ?? [])
        .filter((r) => watchable(r.verbs))
        .map((r) => ({
          group,
          version: v.version,
          kind: r.responseKind?.kind ?? '',
          resource: r.resource,
          namespaced: r.scope === 'Namespaced',
          singular: r.singularResource ?? '',
          shortNames: r.shortNames ?? [],
        }));
      return { version: v.version, resources };
    });
    return { group, versions };
  });
}

/** The groups of an APIGroupList, each with its versions, the preferred one first. */
export function parseGroupList(document: unknown): { group: string; versions: string[] }[] {
  interface Group {
    readonly name: string;
    readonly versions?: readonly { readonly version: string }[];
    readonly preferredVersion?: { readonly version?: string };
  }
  const { groups } = (document ?? {}) as { groups?: readonly Group[] };
  return (groups ?? []).map((g) => {
    const preferred = g.preferredVersion?.version;
    const versions = (g.versions ?? []).map((v) => v.version);
    return {
      group: g.name,
      versions: preferred === undefined ? versions : [preferred, ...versions.filter((v) => v !== preferred)],
    };
  });
}

/** An APIResourceList: the answer of `/api/v1` or `/apis/<group>/<version>`. */
export function parseResourceList(document: unknown, group: string, version: string): ServedResource[] {
  interface ApiResource {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly singularName?: string;
    readonly shortNames?: readonly string[];
    readonly verbs?: readonly string[];
  }
  const { resources } = (document ?? {}) as { resources?: readonly ApiResource[] };
  return (resources ?? [])
    .filter((r) => !r.name.includes('/') && watchable(r.verbs))
    .map((r) => ({
      group,
      version,
      kind: r.kind,
      resource: r.name,
      namespaced: r.namespaced,
      singular: r.singularName ?? '',
      shortNames: r.shortNames ?? [],
    }));
}

/** Fills what did not answer with what was known of it. */
export function mergeKnown(found: readonly ServedGroup[], known: readonly ServedGroup[]): ServedGroup[] {
  return found.map(({ group, versions }) => {
    const before = known.find((g) => g.group === group);
    return {
      group,
      versions: versions.map((v) => ({
        version: v.version,
        resources: v.resources ?? before?.versions.find((b) => b.version === v.version)?.resources,
      })),
    };
  });
}

/** Each resource once, in the most preferred version that has it. */
export function preferredResources(groups: readonly ServedGroup[]): ServedResource[] {
  const all: ServedResource[] = [];
  for (const { versions } of groups) {
    const seen = new Set<string>();
    for (const version of versions) {
      for (const resource of version.resources ?? []) {
        if (seen.has(resource.resource)) continue;
        seen.add(resource.resource);
        all.push(resource);
      }
    }
  }
  return all;
}

function watchable(verbs: readonly string[] | undefined): boolean {
  return verbs?.includes('list') === true && verbs.includes('watch');
}
