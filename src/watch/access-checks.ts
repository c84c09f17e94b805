import { type Finding, failed, ok, thrown, warning } from '../model/finding.ts';
import { resourceName, type Stream } from '../model/resource.ts';
import type { ApiClient } from './api-client.ts';
import { statusError } from './api-status.ts';

/** Reviews at a time. */
const CONCURRENT = 8;
const VERBS = ['list', 'watch'] as const;

export interface StreamAccess {
  readonly stream: Stream;
  readonly finding: Finding;
}

/**
 * Asks for each stream whether it may be listed and watched where it is: in all namespaces, or in its own.
 * @returns in the order of the streams; those that were not asked about before the signal was aborted are warnings
 */
export async function checkAccess(
  api: ApiClient,
  streams: readonly Stream[],
  signal: AbortSignal,
): Promise<StreamAccess[]> {
  const findings: Finding[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < streams.length) {
      const index = next++;
      findings[index] = await ofStream(api, streams[index] as Stream, signal);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return streams.map((stream, i) => ({ stream, finding: findings[i] as Finding }));
}

async function ofStream(api: ApiClient, stream: Stream, signal: AbortSignal): Promise<Finding> {
  const where = stream.namespace === undefined ? '' : ` in namespace ${stream.namespace}`;
  if (signal.aborted)
    return warning(`not asked in time whether ${stream.id} may be listed and watched`, 'Try again, with --timeout.');
  try {
    const allowed = await Promise.all(VERBS.map((verb) => mayI(api, stream, verb, signal)));
    const denied = VERBS.filter((_, i) => allowed[i] !== true);
    const name = resourceName(stream.resource);
    if (denied.length === 0) return ok(`${name}: list and watch are allowed${where}`);
    return failed(
      `${name}: ${denied.join(' and ')} ${denied.length > 1 ? 'are' : 'is'} not allowed${where}`,
      grant(stream),
    );
  } catch (error) {
    return thrown(error);
  }
}

async function mayI(api: ApiClient, stream: Stream, verb: string, signal: AbortSignal): Promise<boolean> {
  const { group, version, resource } = stream.resource;
  const { namespace } = stream;
  const attributes = { group, version, resource, verb, ...(namespace === undefined ? {} : { namespace }) };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: attributes },
  };
  const answer = await api.getJson('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { signal, review });
  if (answer.failure !== undefined) throw statusError(answer.failure, `asking whether we may ${verb} ${stream.id}`);
  return (answer.value as { status?: { allowed?: boolean } } | undefined)?.status?.allowed === true;
}

/** The words of a rule, as they stand in a Role. */
function grant({ resource: { group, resource }, namespace }: Stream): string {
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["get", "list", "watch"]}`;
  const kind = namespace === undefined ? 'a ClusterRole' : `a Role in ${namespace}`;
  return `Grant ${rule} by ${kind}, or exclude the resource.`;
}
