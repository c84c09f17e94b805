import type { Encoding } from '../model/encoding.ts';
import type { Operation } from '../model/record.ts';
import { type Resource, resourceName } from '../model/resource.ts';
import { byResource, type WatchProxyEvent, watchProxyEvent } from '../model/watch-proxy.ts';

/** What a filter looks at; a lane record (model/lane.ts) is one. */
export interface Filtered {
  /** `<resource[.group]>/<namespace>/<name>` */
  readonly key: string;
  readonly operation: Operation;
}

/** Which setting leaves a record out; '' where none does. */
export type Filter = (record: Filtered) => '' | 'resource' | 'namespace' | 'operation' | 'event';

export interface FilterSettings {
  readonly namespaces: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly resources: readonly string[];
  /** All where there is none. */
  readonly operations: readonly Operation[];
  readonly encoding: Encoding;
  readonly watchProxy: { readonly filterEvents: Readonly<Record<string, readonly WatchProxyEvent[]>> };
}

/** The stream of dead letters (src/topology/dead-letter.ts): whoever is named for them gets all. */
const isLetters = ({ group, kind }: Resource): boolean => group === 'watershard.dev' && kind === 'DeadLetter';

/** The filter of one stream's records; undefined where it lets everything pass. */
export function streamFilter(settings: FilterSettings, resource: Resource): Filter | undefined {
  if (isLetters(resource)) return undefined;
  const { namespaces, resources, operations } = settings;
  if (resources.length > 0 && !resources.some((name) => means(name, resource))) return () => 'resource';
  const { include, exclude } = namespaces;
  const asWatchProxy = settings.encoding === 'watch-proxy';
  if (include.length + exclude.length + operations.length === 0 && !asWatchProxy) return undefined;
  const included = new Set(include);
  const excluded = new Set(exclude);
  const wanted = new Set<Operation>(operations);
  const unwanted = new Set<WatchProxyEvent>(byResource(settings.watchProxy.filterEvents, resource));
  const isNamespace = resourceName(resource) === 'namespaces';
  return ({ key, operation }) => {
    if (wanted.size > 0 && !wanted.has(operation)) return 'operation';
    const event = watchProxyEvent(operation);
    if (asWatchProxy && (event === undefined || unwanted.has(event))) return 'event';
    // A gap concerns all namespaces of the stream.
    if (operation === 'GAP') return '';
    const [, namespace = '', name = ''] = key.split('/');
    const own = isNamespace ? name : namespace;
    return (included.size > 0 && !included.has(own)) || excluded.has(own) ? 'namespace' : '';
  };
}

/** `*`, `*.<group>`, `<resource>` (of whatever group) or `<resource>.<group>`. */
function means(name: string, { resource, group }: Resource): boolean {
  if (name === '*') return true;
  const dot = name.indexOf('.');
  const word = (dot === -1 ? name : name.slice(0, dot)).toLowerCase();
  return (dot === -1 || name.slice(dot + 1) === group) && (word === '*' || word === resource);
}
