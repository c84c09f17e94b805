import { WatershardError } from '../model/errors.ts';
import { type Finding, failed, ok, thrown } from '../model/finding.ts';
import { resourceName, type Stream } from '../model/resource.ts';
import type { ApiClient } from './api-client.ts';
import { statusError } from './api-status.ts';
import { readPage, readWatch } from './one-request.ts';
import { acceptHeader, NOBODY, pagePath, watchPath } from './request-path.ts';

/** Reviews at a time. */
const CONCURRENT = 8;
/** The reviews are not served: a proxy or a simulator in the place of a cluster. */
const NO_REVIEWS = new Set([404, 405, 501]);
const VERBS = ['list', 'watch'] as const;

/**
 * Asks for each stream whether it may be listed and watched where it is: in all namespaces, or in its own.
 * @param found called for each, as the answers come; not at all for those that were not answered before the signal was aborted
 */
export async function checkAccess(
  api: ApiClient,
  streams: readonly Stream[],
  signal: AbortSignal,
  found: (stream: Stream, finding: Finding) => void,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < streams.length && !signal.aborted) {
      const stream = streams[next++] as Stream;
      const finding = await ofStream(api, stream, signal).catch(thrown);
      if (!signal.aborted) found(stream, finding);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
}

async function ofStream(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const where = stream.namespace === undefined ? '' : ` in namespace ${stream.namespace}`;
  const allowed = await Promise.all(VERBS.map((verb) => mayI(api, stream, verb, signal)));
  const denied = VERBS.filter((_, i) => allowed[i] !== true);
  const name = resourceName(stream.resource);
  if (denied.length === 0) return ok(`${name}: list and watch are allowed${where}`);
  const are = denied.length > 1 ? 'are' : 'is';
  return {
    ...failed(`${name}: ${denied.join(' and ')} ${are} not allowed${where}`, grant(stream)),
    code: 'API_FORBIDDEN',
  };
}

type Verb = (typeof VERBS)[number];

async function mayI(api: ApiClient, stream: Stream, verb: Verb, signal: AbortSignal): Promise<boolean> {
  const { group, version, resource } = stream.resource;
  const { namespace } = stream;
  const attributes = { group, version, resource, verb, ...(namespace === undefined ? {} : { namespace }) };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: attributes },
  };
  const answer = await api.review('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, signal);
  if (NO_REVIEWS.has(answer.status)) return await works(api, stream, verb, signal);
  if (answer.failure !== undefined) throw statusError(answer.failure, `asking whether we may ${verb} ${stream.id}`);
  return (answer.value as { status?: { allowed?: boolean } } | undefined)?.status?.allowed === true;
}

/** Where nobody can be asked it is tried, with one object at most. */
async function works(api: ApiClient, stream: Stream, verb: Verb, signal: AbortSignal): Promise<boolean> {
  const one: Stream = { ...stream, fieldSelector: NOBODY };
  const list = verb === 'list';
  const path = list ? pagePath(one, 1, '') : watchPath(one, '0', 1);
  const accept = acceptHeader(stream, list);
  const doing = `trying to ${verb} ${stream.id}`;
  try {
    if (list) await readPage(api, { path, accept, doing, signal });
    // A watch that was let in is not waited for: it may be silent.
    else await readWatch(api, { path, accept, doing, signal, opened: () => true, take: () => true });
    return true;
  } catch (error) {
    if (error instanceof WatershardError && error.code === 'API_FORBIDDEN') return false;
    throw error;
  }
}

/** The words of a rule, as they stand in a Role. */
function grant({ resource: { group, resource }, namespace }: Stream): string {
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["get", "list", "watch"]}`;
  const kind = namespace === undefined ? 'a ClusterRole' : `a Role in ${namespace}`;
  return `Grant ${rule} by ${kind}, or exclude the resource.`;
}
