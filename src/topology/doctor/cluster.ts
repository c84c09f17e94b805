import type { Config } from '../../config/schema.ts';
import { type Finding, failed, ok, warning } from '../../model/finding.ts';
import type { Stream } from '../../model/resource.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { checkAccess } from '../../watch/access-checks.ts';
import { ApiClient } from '../../watch/api-client.ts';
import { Credentials } from '../../watch/credentials.ts';
import { Discovery } from '../../watch/discovery.ts';
import { checkFeatures } from '../../watch/feature-checks.ts';
import { selectResources } from '../../watch/selection.ts';
import {
  askServer,
  checkClusterUid,
  checkCredentials,
  checkSkew,
  type ServerAnswer,
} from '../../watch/server-checks.ts';
import { streamsOf } from '../../watch/streams.ts';
import { bounded } from './bounded.ts';
import type { CheckName } from './report.ts';

export interface ClusterChecks {
  readonly timeout: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tell: (check: CheckName, subject: string, findings: readonly Finding[]) => void;
}

/** @returns uid of the kube-system namespace; '' where it is not known */
export async function checkCluster(config: Config, checks: ClusterChecks): Promise<string> {
  const { timeout, logger, metrics, tell } = checks;
  let client: ApiClient | undefined;
  // A plugin that gives credentials may take its time.
  const found = await bounded(timeout, 'what gives the credentials of the kubeconfig', async () => {
    const credentials = await Credentials.load(config.kubeconfig);
    await credentials.check();
    client = new ApiClient({ credentials, metrics, logger });
    return [];
  });
  tell('server', '', found);
  if (client === undefined) {
    notChecked(checks, ['credentials', 'rbac', 'features', 'clock'], 'no kubeconfig can be used');
    return '';
  }
  try {
    return await ask(config, client, checks);
  } finally {
    await client.close();
  }
}

async function ask(config: Config, client: ApiClient, checks: ClusterChecks): Promise<string> {
  const { timeout, tell } = checks;
  let server: ServerAnswer | undefined;
  const reached = await bounded(timeout, `the API server at ${client.server}`, async (signal) => {
    server = await askServer(client, signal);
    return [
      ok(
        `${client.server} answers, ${server.version === '' ? 'and tells no version' : `Kubernetes ${server.version}`}`,
      ),
    ];
  });
  tell('server', '', reached);
  if (server === undefined) {
    notChecked(checks, ['credentials', 'rbac', 'features', 'clock'], 'the API server is not reached');
    return '';
  }
  const known = await bounded(timeout, 'the API server', async (signal) => [await checkCredentials(client, signal)]);
  tell('credentials', '', known);
  let uid = '';
  if (known.some((f) => f.outcome === 'failed'))
    notChecked(checks, ['rbac', 'features'], 'the API server does not take the credentials');
  else uid = await checkResources(config, client, checks);
  tell('clock', '', [checkSkew(server.skewMs)]);
  return uid;
}

async function checkResources(config: Config, client: ApiClient, checks: ClusterChecks): Promise<string> {
  const { timeout, tell } = checks;
  let streams: Stream[] = [];
  let uid = '';
  const found = await bounded(timeout, 'discovery', async (signal) => {
    const path = '/api/v1/namespaces/kube-system';
    const answer = await client.getJson(path, { signal });
    uid = (answer.value as { metadata?: { uid?: string } } | undefined)?.metadata?.uid ?? '';
    const discovered = await discover(config, client, checks, signal);
    streams = discovered.streams;
    return [checkClusterUid(answer), ...discovered.findings, ...(await missingNamespaces(config, client, signal))];
  });
  tell('rbac', '', found);
  const access = new Map<Stream, Finding>();
  const late = await bounded(timeout, 'the review of permissions', async (signal) => {
    await checkAccess(client, streams, signal, (stream, finding) => access.set(stream, finding));
    return [];
  });
  for (const stream of streams) {
    const finding = access.get(stream);
    if (finding !== undefined) tell('rbac', stream.id, [finding]);
  }
  tell('rbac', '', late);
  const allowed = streams.filter((stream) => access.get(stream)?.outcome === 'ok');
  // Of the API server itself where there is one: an aggregated server may be older.
  const first = allowed.find((stream) => stream.resource.group === '') ?? allowed[0];
  if (first === undefined) notChecked(checks, ['features'], 'nothing may be listed and watched');
  else tell('features', '', await bounded(timeout, 'the API server', (signal) => checkFeatures(client, first, signal)));
  return uid;
}

interface Discovered {
  readonly streams: Stream[];
  readonly findings: readonly Finding[];
}

async function discover(
  { watch }: Config,
  api: ApiClient,
  { logger, metrics }: ClusterChecks,
  signal: AbortSignal,
): Promise<Discovered> {
  const discovery = new Discovery({ api, metrics, logger });
  await discovery.refresh(signal);
  const served = discovery.resources;
  const { resources, unknown } = selectResources(served, watch.resources, watch.exclude);
  const streams = resources.flatMap((resource) => streamsOf(resource, watch, served));
  const findings: Finding[] = unknown.map((name) => ({
    ...warning(
      `${name}: the API server does not serve this resource`,
      'Check the name; it is watched as soon as it is served.',
    ),
    code: 'RESOURCE_UNKNOWN',
  }));
  for (const group of discovery.unanswered)
    findings.push(
      warning(`API group ${group} does not answer to discovery`, 'Check its APIService: kubectl get apiservices.'),
    );
  if (streams.length === 0)
    findings.push(
      failed('the configuration selects no resource that is served', 'Correct watch.resources or watch.namespaces.'),
    );
  return { streams, findings };
}

/** A namespace that is not there yet is watched all the same; mostly its name is wrong. */
async function missingNamespaces({ watch }: Config, api: ApiClient, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of watch.namespaces.include) {
    const { status } = await api.getJson(`/api/v1/namespaces/${encodeURIComponent(name)}`, { signal });
    if (status === 404)
      findings.push(warning(`namespace ${name} does not exist`, 'Check the name; it is watched once it exists.'));
  }
  return findings;
}

function notChecked({ tell }: ClusterChecks, names: readonly CheckName[], why: string): void {
  for (const name of names) tell(name, '', [warning(`not checked: ${why}`, 'Correct that first.')]);
}
