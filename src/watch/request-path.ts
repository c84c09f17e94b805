import type { Resource, Stream } from '../model/resource.ts';
import { shardSelector } from '../model/watch-shard.ts';
import type { Effect } from './machine-types.ts';

/** A field selector of an object that nobody has: for requests of which only the status is of interest. */
export const NOBODY = 'metadata.name=watershard-doctor';

/** The collection's path: `/api/v1/pods`, `/apis/apps/v1/namespaces/team-a/deployments`. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${resource.resource}`;
}

/** A page of a LIST. Without a resourceVersion, so that the server reads at least as new as any answer before. */
export function pagePath(stream: Stream, limit: number, continueToken: string): string {
  return path(stream, { limit: String(limit), ...(continueToken === '' ? {} : { continue: continueToken }) });
}

/** A WATCH from a resourceVersion on. */
export function watchPath(stream: Stream, resourceVersion: string, timeoutSeconds: number): string {
  return path(stream, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  });
}

/** A WATCH that begins with everything there is (KEP-3157). */
export function streamingListPath(stream: Stream, timeoutSeconds: number): string {
  return path(stream, {
    watch: 'true',
    allowWatchBookmarks: 'true',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    timeoutSeconds: String(timeoutSeconds),
  });
}

export interface StreamRequest {
  readonly kind: 'watch' | 'page';
  readonly path: string;
  /** For messages. */
  readonly verb: string;
}

/** The request that the list/watch machine asks for. */
export function requestFor(
  effect: Extract<Effect, { type: `request-${string}` }>,
  stream: Stream,
  pageLimit: number,
  timeoutSeconds: number,
): StreamRequest {
  switch (effect.type) {
    case 'request-watch':
      return { kind: 'watch', path: watchPath(stream, effect.resourceVersion, timeoutSeconds), verb: 'watching' };
    case 'request-version':
      return { kind: 'page', path: pagePath(stream, 1, ''), verb: 'watching' };
    case 'request-streaming-list':
      return { kind: 'watch', path: streamingListPath(stream, timeoutSeconds), verb: 'listing' };
    case 'request-page':
      return { kind: 'page', path: pagePath(stream, pageLimit, effect.continueToken), verb: 'listing' };
  }
}

function path(stream: Stream, query: Readonly<Record<string, string>>): string {
  const all = new URLSearchParams(query);
  if (stream.labelSelector !== undefined) all.set('labelSelector', stream.labelSelector);
  if (stream.fieldSelector !== undefined) all.set('fieldSelector', stream.fieldSelector);
  if (stream.shard !== undefined) all.set('shardSelector', shardSelector(stream.shard));
  return `${collectionPath(stream.resource, stream.namespace)}?${all}`;
}

/**
 * What to accept. For metadata alone there is no second choice: a server that cannot do it must not send whole objects
 * to someone who asked for less.
 */
export function acceptHeader(stream: Stream, list: boolean): string {
  if (!stream.metadataOnly) return 'application/json';
  return `application/json;as=PartialObjectMetadata${list ? 'List' : ''};g=meta.k8s.io;v=v1`;
}
