import { type Resource, resourceName } from '../model/resource.ts';

/** A resource as discovery tells of it, with the other names that users know it by. */
export interface ServedResource extends Resource {
  readonly singular: string;
  readonly shortNames: readonly string[];
}

export interface Selection {
  readonly resources: readonly ServedResource[];
  /** Names that fit nothing that is served. */
  readonly unknown: readonly string[];
}

/**
 * Picks what is to be watched. A name is `*`, `*.<group>`, `<resource>` (the core group first, then whatever group has it
 * alone), `<resource>.<group>`, or, where only one resource fits, a kind, singular or short name, with or without a group.
 *
 * `events` is served in the core group and in events.k8s.io as the same objects. `*` takes the core ones alone, unless
 * those are excluded or not served; named outright, both are taken.
 */
export function selectResources(
  served: readonly ServedResource[],
  include: readonly string[],
  exclude: readonly string[],
): Selection {
  const unknown: string[] = [];
  const excluded = new Set(exclude.flatMap((name) => matches(served, name)));
  const chosen = new Set<ServedResource>();
  const wild = new Set<ServedResource>();
  for (const name of include) {
    const found = matches(served, name);
    if (found.length === 0) unknown.push(name);
    for (const resource of found) (name === '*' ? wild : chosen).add(resource);
  }
  for (const resource of wild) chosen.add(resource);
  for (const resource of excluded) chosen.delete(resource);
  const twin = [...chosen].find((r) => resourceName(r) === 'events.events.k8s.io');
  if (twin !== undefined && wild.has(twin) && [...chosen].some((r) => resourceName(r) === 'events')) {
    if (!include.some((name) => name !== '*' && matches(served, name).includes(twin))) chosen.delete(twin);
  }
  const resources = [...chosen].sort((a, b) => (resourceName(a) < resourceName(b) ? -1 : 1));
  return { resources, unknown };
}

/** Whether a name, in the words of `selectResources`, means this resource among those served. */
export function namesResource(served: readonly ServedResource[], name: string, resource: Resource): boolean {
  return matches(served, name).some((r) => resourceName(r) === resourceName(resource));
}

function matches(served: readonly ServedResource[], name: string): readonly ServedResource[] {
  if (name === '*') return served;
  const dot = name.indexOf('.');
  const word = (dot === -1 ? name : name.slice(0, dot)).toLowerCase();
  const group = dot === -1 ? undefined : name.slice(dot + 1);
  const within = group === undefined ? served : served.filter((r) => r.group === group);
  if (word === '*') return within;
  const exact = within.filter((r) => r.resource === word);
  const other = within.filter(
    (r) => r.kind.toLowerCase() === word || r.singular === word || r.shortNames.includes(word),
  );
  return sole(exact) ?? (exact.length === 0 ? sole(other) : undefined) ?? [];
}

/** The core group's, or the only one. */
function sole(found: readonly ServedResource[]): readonly ServedResource[] | undefined {
  const core = found.filter((r) => r.group === '');
  if (core.length === 1) return core;
  return found.length === 1 ? found : undefined;
}
