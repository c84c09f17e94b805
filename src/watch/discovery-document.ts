import { WatershardError } from '../model/errors.ts';
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

/**
 * APIGroupDiscoveryList of apidiscovery.k8s.io v2 or v2beta1 (KEP-3352); undefined for any other document.
 * @throws WatershardError API_STATUS where it is not what its kind says: a broken document must not pass for a removal
 */
export function parseAggregated(document: unknown): ServedGroup[] | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { kind, items } = document as Members;
  if (kind !== 'APIGroupDiscoveryList') return undefined;
  return list(items, 'items').map((item) => {
    const group = text(members(item.metadata ?? {}, 'metadata').name, 'metadata.name');
    const versions = list(item.versions, 'versions').map((v): ServedVersion => {
      const version = text(v.version, 'version');
      if (v.freshness === 'Stale') return { version, resources: undefined };
      const resources = list(v.resources, 'resources')
        .filter((r) => watchable(r.verbs))
        .map((r) => ({
          group,
          version,
          kind: text(members(r.responseKind ?? {}, 'responseKind').kind, 'responseKind.kind'),
          resource: named(r.resource, 'resource'),
          namespaced: r.scope === 'Namespaced',
          singular: text(r.singularResource, 'singularResource'),
          shortNames: texts(r.shortNames, 'shortNames'),
        }));
      return { version, resources };
    });
    return { group, versions };
  });
}

/** The groups of an APIGroupList, each with its versions, the preferred one first. @throws as parseAggregated */
export function parseGroupList(document: unknown): { group: string; versions: string[] }[] {
  return list(members(document ?? {}, 'it').groups, 'groups').map((g) => {
    const preferred = text(members(g.preferredVersion ?? {}, 'preferredVersion').version, 'preferredVersion.version');
    const versions = list(g.versions, 'versions').map((v) => named(v.version, 'version'));
    return {
      group: named(g.name, 'name'),
      versions: preferred === '' ? versions : [preferred, ...versions.filter((v) => v !== preferred)],
    };
  });
}

/** The versions of an APIVersions: the answer of `/api`. @throws as parseAggregated */
export function parseCoreVersions(document: unknown): string[] {
  const { versions } = members(document ?? {}, 'it');
  return versions === undefined ? ['v1'] : texts(versions, 'versions');
}

/** An APIResourceList: the answer of `/api/v1` or `/apis/<group>/<version>`. @throws as parseAggregated */
export function parseResourceList(document: unknown, group: string, version: string): ServedResource[] {
  return list(members(document ?? {}, 'it').resources, 'resources')
    .map((r) => ({ ...r, name: named(r.name, 'name') }))
    .filter((r: Members & { name: string }) => !r.name.includes('/') && watchable(r.verbs))
    .map((r: Members & { name: string }) => ({
      group,
      version,
      kind: text(r.kind, 'kind'),
      resource: r.name,
      namespaced: r.namespaced === true,
      singular: text(r.singularName, 'singularName'),
      shortNames: texts(r.shortNames, 'shortNames'),
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

function watchable(verbs: unknown): boolean {
  const known = texts(verbs, 'verbs');
  return known.includes('list') && known.includes('watch');
}

type Members = Readonly<Record<string, unknown>>;

/** Go writes a list of nothing as null. */
function list(value: unknown, what: string): Members[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(what);
  return value.map((item) => members(item, what));
}

function members(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(what);
  return value as Members;
}

function text(value: unknown, what: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed(what);
  return value;
}

function named(value: unknown, what: string): string {
  const name = text(value, what);
  if (name === '') throw malformed(what);
  return name;
}

function texts(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(what);
  return value.map((item) => text(item, what));
}

function malformed(what: string): WatershardError {
  return new WatershardError('API_STATUS', `reading a discovery document: ${what} is not what it should be`);
}
