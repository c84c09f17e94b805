import type { WatchShard } from './watch-shard.ts';

/** A kind of object as the API server's discovery describes it. The core group is the empty string. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural, lower case, as it stands in a URL: `pods`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** `pods`, `deployments.apps`: the name that users write and that stays the same when the preferred version changes. */
export function resourceName(r: Pick<Resource, 'group' | 'resource'>): string {
  return r.group === '' ? r.resource : `${r.resource}.${r.group}`;
}

/** `/v1, Kind=Pod` in the form of Kubernetes' own GroupVersionKind; the input of the shard hash. */
export function gvkKey(r: Pick<Resource, 'group' | 'version' | 'kind'>): string {
  return `${r.group}/${r.version}, Kind=${r.kind}`;
}

/** `v1` or `apps/v1`, the apiVersion field of an object of this resource. */
export function apiVersion(r: Pick<Resource, 'group' | 'version'>): string {
  return r.group === '' ? r.version : `${r.group}/${r.version}`;
}

/**
 * One list and watch: a resource within one scope. A stream has one position, and its events arrive in order.
 */
export interface Stream {
  /** Stable over restarts: `deployments.apps`, or `pods@team-a` where one namespace is watched by its own stream. */
  readonly id: string;
  readonly resource: Resource;
  /** Set where the stream is limited to one namespace. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Set where the stream has one share of the objects only. */
  readonly shard?: WatchShard;
  /** Ask the server for PartialObjectMetadata. */
  readonly metadataOnly: boolean;
}

/** What a stream selects, as JSON: a position taken in another scope is not valid in this one. */
export function streamScope(s: Stream): string {
  const { group, version, kind, resource, namespaced } = s.resource;
  const { namespace, labelSelector, fieldSelector, shard, metadataOnly } = s;
  return JSON.stringify({
    resource: { group, version, kind, resource, namespaced },
    namespace,
    labelSelector,
    fieldSelector,
    shard,
    metadataOnly,
  });
}

/** The stream that a position was taken of; undefined where the scope is not one of `streamScope`. */
export function streamOfScope(id: string, scope: string): Stream | undefined {
  return scope.startsWith('{') ? { id, ...(JSON.parse(scope) as Omit<Stream, 'id'>) } : undefined;
}
