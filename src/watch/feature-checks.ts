import { type Finding, ok, thrown, warning } from '../model/finding.ts';
import { resourceName, type Stream } from '../model/resource.ts';
import { type ApiClient, type ApiResponse, abandon, readStatus } from './api-client.ts';
import { acceptHeader, NOBODY, pagePath, streamingListPath } from './request-path.ts';

/** The annotation of the bookmark that ends the initial events (KEP-3157). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
const SHARD = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";
const WATCH_SECONDS = 5;
const MOST_BYTES = 64 * 1024;

/** @param stream one that may be listed and watched */
export async function checkFeatures(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding[]> {
  const empty: Stream = { ...stream, fieldSelector: NOBODY };
  const checks = [streamingLists(api, empty, signal), shardSelector(api, empty, signal)];
  return await Promise.all(checks.map((check) => check.catch(thrown)));
}

async function streamingLists(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const name = resourceName(stream.resource);
  const headers = { Accept: acceptHeader(stream, false) };
  const answer = await api.get(streamingListPath(stream, WATCH_SECONDS), { signal, headers });
  if (answer.status !== 200) {
    const { code } = await readStatus(answer);
    return warning(
      `streaming lists are refused (${code}, asked of ${name}): lists are read in pages`,
      'Nothing to do. They cost the API server less memory; Kubernetes has them on since 1.34, over etcd 3.4.25 or newer.',
    );
  }
  if (await says(answer, INITIAL_EVENTS_END)) return ok(`streaming lists work (asked of ${name})`);
  return warning(
    `streaming lists do not end (asked of ${name}): the server does not know them, and lists are read in pages`,
    'Nothing to do; Kubernetes 1.34 has them on by default.',
  );
}

/** Reads until the text comes, or the answer ends. */
async function says(answer: ApiResponse, text: string): Promise<boolean> {
  let read = '';
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      read += chunk.toString('latin1');
      if (read.includes(text)) return true;
      if (read.length > MOST_BYTES) return false;
    }
    return false;
  } finally {
    abandon(answer);
  }
}

/** A server that does not know the selector answers as if it were not there: only an echo tells (KEP-5866). */
async function shardSelector(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const path = `${pagePath(stream, 1, '')}&shardSelector=${encodeURIComponent(SHARD)}`;
  const answer = await api.getJson(path, { signal });
  const honoured = (answer.value as { metadata?: { shardInfo?: unknown } } | undefined)?.metadata?.shardInfo;
  if (honoured !== undefined) return ok('shardSelector (server-side sharding) is honoured; it is not used yet');
  return ok('shardSelector (server-side sharding, alpha in Kubernetes 1.36) is not honoured; nothing needs it');
}
