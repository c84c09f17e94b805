import { ERROR_CODES } from '../model/error-codes.ts';
import { errorMessage } from '../model/errors.ts';
import { type Finding, failed, ok, thrown, warning } from '../model/finding.ts';
import { resourceName, type Stream } from '../model/resource.ts';
import { isSelectorOf, type WatchShard } from '../model/watch-shard.ts';
import type { ApiClient } from './api-client.ts';
import { readWatch } from './one-request.ts';
import { acceptHeader, NOBODY, pagePath, streamingListPath } from './request-path.ts';

/** To ask with where none is configured. */
const SOME_SHARD: WatchShard = { index: 0, count: 2, key: 'uid' };
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
  const name = resourceName(stream.resource);
  const shard = stream.shard ?? SOME_SHARD;
  const answer = await api.getJson(pagePath({ ...stream, shard }, 1, ''), { signal });
  const list = answer.value as { metadata?: { shardInfo?: { selector?: unknown } } } | undefined;
  const echo = list?.metadata?.shardInfo?.selector;
  const what = 'shardSelector (server-side sharding, alpha in Kubernetes 1.36)';
  if (typeof echo === 'string' && !isSelectorOf(echo, shard)) {
    const { remedy } = ERROR_CODES.SHARD_MISMATCH;
    const text = `shardSelector is answered with another one (asked of ${name}): ${echo}`;
    return { ...failed(text, remedy), code: 'SHARD_MISMATCH' };
  }
  if (stream.shard === undefined)
    return ok(`${what} is ${echo === undefined ? 'not ' : ''}honoured; watch.shard is not set, so nothing needs it`);
  const { index, count, key } = stream.shard;
  if (echo !== undefined)
    return ok(`shardSelector is honoured (asked of ${name}): only shard ${index} of ${count} by ${key} is sent`);
  return warning(
    `${what} is not honoured (asked of ${name}): all is read, and what is not of shard ${index} of ${count} by ${key} is left out here`,
    'Nothing has to be done, and reading costs each instance as much as one alone. kube-apiserver 1.36 honours it with --feature-gates=ShardedListAndWatch=true.',
  );
}
