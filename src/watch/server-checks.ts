import { type Finding, failed, ok, warning } from '../model/finding.ts';
import type { ApiClient, JsonResponse } from './api-client.ts';
import { statusError } from './api-status.ts';

/** What the API server said of itself, for the checks after the first. */
export interface ServerAnswer {
  /** `v1.35.4`; '' where it does not say. */
  readonly version: string;
  /** How far this machine's clock is ahead of the server's, milliseconds; undefined where the server told no time. */
  readonly skewMs: number | undefined;
}

/** Clocks differ by a second all the time, and the Date header counts seconds. */
const SKEW_WARNING_MS = 5000;
/** Signatures of S3 and of others are refused from a quarter of an hour on, tokens sometimes sooner. */
const SKEW_FAILED_MS = 300_000;

/** Any answer tells that the server is reached. @throws WatershardError API_UNREACHABLE, API_UNAUTHORIZED (no credentials) */
export async function askServer(api: ApiClient, signal: AbortSignal): Promise<ServerAnswer> {
  const before = Date.now();
  const answer = await api.getJson('/version', { signal });
  const between = (before + Date.now()) / 2;
  const { gitVersion } = (answer.value ?? {}) as { gitVersion?: unknown };
  const date = Date.parse(String(answer.headers.date ?? ''));
  // The header is cut off to its second: half of one is the best guess.
  return {
    version: typeof gitVersion === 'string' ? gitVersion : '',
    skewMs: Number.isNaN(date) ? undefined : between - (date + 500),
  };
}

/** Asks who we are; servers before 1.28 answer what discovery says to anybody. @throws WatershardError API_UNREACHABLE */
export async function checkCredentials(api: ApiClient, signal: AbortSignal): Promise<Finding> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await api.review('/apis/authentication.k8s.io/v1/selfsubjectreviews', review, signal);
  const user = (answer.value as { status?: { userInfo?: { username?: string } } } | undefined)?.status?.userInfo;
  if (user?.username === 'system:anonymous')
    return failed('the API server takes us for system:anonymous', 'Give the kubeconfig user a token or a certificate.');
  if (user?.username !== undefined) return ok(`the API server knows us as ${user.username}`);
  // Not there, or not permitted: whoever was let in this far is known all the same.
  if (answer.failure !== undefined && answer.status !== 404 && answer.status !== 403 && answer.status !== 405)
    throw statusError(answer.failure, 'asking the API server who we are');
  if (answer.status === 403 && /system:anonymous/.test(answer.failure?.message ?? ''))
    return failed('the API server takes us for system:anonymous', 'Give the kubeconfig user a token or a certificate.');
  const discovery = await api.getJson('/api', { signal });
  if (discovery.failure !== undefined) throw statusError(discovery.failure, 'reading /api');
  return ok('the API server takes them; it does not say as whom');
}

export function checkSkew(skewMs: number | undefined): Finding {
  if (skewMs === undefined)
    return warning('the API server told no time', 'Nothing to do, unless a proxy before it removes the Date header.');
  const off = Math.abs(skewMs);
  const seconds = off >= 10_000 ? String(Math.round(off / 1000)) : (off / 1000).toFixed(1);
  if (off < SKEW_WARNING_MS) return ok(`this clock and the API server's differ by ${seconds} s`);
  const text = `this clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of the API server`;
  const remedy =
    'Synchronise the clocks (NTP): observedAt is wrong by as much, and tokens and signatures may be refused.';
  return off < SKEW_FAILED_MS ? warning(text, remedy) : failed(text, remedy);
}

/** Whether the namespace that stands for the cluster can be read. */
export function checkClusterUid(answer: JsonResponse): Finding {
  if (answer.failure === undefined)
    return ok('the namespace kube-system, whose uid stands for the cluster, can be read');
  return warning(
    `the namespace kube-system cannot be read (${answer.status}), so a change of clusters under one name would go unnoticed`,
    'Grant get on the namespace kube-system (resourceNames: [kube-system]).',
  );
}
