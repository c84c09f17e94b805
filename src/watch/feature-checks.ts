import { errorMessage } from '../model/errors.ts';
import { type Finding, ok, thrown, warning } from '../model/finding.ts';
import { resourceName, type Stream } from '../model/resource.ts';
import type { ApiClient } from './api-client.ts';
import { readWatch } from './one-request.ts';
import { acceptHeader, NOBODY, pagePath, streamingListPath } from './request-path.ts';

const SHARD = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";
const WATCH_SECONDS = 5;

/** @param stream one that may be listed and watched */
export async function checkFeatures(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding[]> {
  const empty: Stream = { ...stream, fieldSelector: NOBODY };
  const checks = [streamingLists(api, empty, signal), shardSelector(api, empty, signal)];
  return await Promise.all(checks.map((check) => check.catch(thrown)));
}

async function streamingLists(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const name = resourceName(stream.resource);
  const request = {
    path: streamingListPath(stream, WATCH_SECONDS),
    accept: acceptHeader(stream, false),
    doing: `listing ${stream.id}`,
    signal,
  };
  let ended = false;
  try {
    await readWatch(api, {
      ...request,
      take: (split) => {
        ended ||= split.type === 'bookmark' && split.endsInitialEvents;
        // An ERROR event: the server cannot do it after all.
        return ended || split.type === 'error';
      },
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return warning(
      `streaming lists are refused (asked of ${name}), and lists are read in pages: ${errorMessage(error)}`,
      'Nothing to do. They cost the API server less memory; Kubernetes has them on since 1.34, over etcd 3.4.25 or newer.',
    );
  }
  if (ended) return ok(`streaming lists work (asked of ${name})`);
  return warning(
    `streaming lists do not end (asked of ${name}): the server does not know them, and lists are read in pages`,
    'Nothing to do; Kubernetes has them on since 1.34, over etcd 3.4.25 or newer.',
  );
}

/** A server that does not know the selector answers as if it were not there: only an echo tells (KEP-5866). */
async function shardSelector(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const path = `${pagePath(stream, 1, '')}&shardSelector=${encodeURIComponent(SHARD)}`;
  const answer = await api.getJson(path, { signal });
  const honoured = (answer.value as { metadata?: { shardInfo?: unknown } } | undefined)?.metadata?.shardInfo;
  if (honoured !== undefined) return ok('shardSelector (server-side sharding) is honoured; it is not used yet');
  return ok('shardSelector (server-side sharding, alpha in Kubernetes 1.36) is not honoured; nothing needs it');
}
