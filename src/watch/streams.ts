import { type Resource, resourceName, type Stream } from '../model/resource.ts';
import type { WatchConfig } from './config.ts';
import { namesResource, type ServedResource } from './selection.ts';

type Scope = Pick<WatchConfig, 'namespaces' | 'labelSelector' | 'fieldSelector' | 'shard' | 'metadataOnly'>;

/**
 * The streams of a resource. One for the whole cluster, in which the server leaves out excluded namespaces; or one a
 * namespace where `namespaces.include` names some (there is no field selector for "one of"). The namespace objects
 * themselves are chosen by metadata.name in the same way; other cluster-scoped resources have one stream.
 */
export function streamsOf(resource: Resource, config: Scope, served: readonly ServedResource[]): Stream[] {
  const { include, exclude, clusterScoped } = config.namespaces;
  if (!resource.namespaced && !clusterScoped) return [];
  const itself = resource.group === '' && resource.resource === 'namespaces';
  const base = {
    resource: plain(resource),
    metadataOnly: metadataOnly(resource, config, served),
    ...(config.labelSelector === undefined ? {} : { labelSelector: config.labelSelector }),
    ...(config.shard === undefined || config.shard.count === 1 ? {} : { shard: config.shard }),
  };
  const name = resourceName(resource);
  const stream = (id: string, namespace: string | undefined, fields: readonly string[]): Stream => {
    const all = config.fieldSelector === undefined ? fields : [config.fieldSelector, ...fields];
    return {
      ...base,
      id,
      ...(namespace === undefined ? {} : { namespace }),
      ...(all.length === 0 ? {} : { fieldSelector: all.join(',') }),
    };
  };
  if (!resource.namespaced && !itself) return [stream(name, undefined, [])];
  const field = itself ? 'metadata.name' : 'metadata.namespace';
  if (include.length > 0) {
    const wanted = [...new Set(include)].filter((n) => !exclude.includes(n));
    return wanted.map((n) => stream(`${name}@${n}`, itself ? undefined : n, itself ? [`${field}=${n}`] : []));
  }
  return [
    stream(
      name,
      undefined,
      [...new Set(exclude)].map((n) => `${field}!=${n}`),
    ),
  ];
}

function metadataOnly(resource: Resource, config: Scope, served: readonly ServedResource[]): boolean {
  const which = config.metadataOnly;
  return typeof which === 'boolean' ? which : which.some((name) => namesResource(served, name, resource));
}

/** Without what only the selection needs, so that streams compare and travel as plain data. */
function plain(r: Resource): Resource {
  return { group: r.group, version: r.version, kind: r.kind, resource: r.resource, namespaced: r.namespaced };
}
