import type { Config } from '../../config/schema.ts';
import { WatershardError } from '../../model/errors.ts';
import type { Resource, Stream } from '../../model/resource.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { namesResource as namedByRule, planStream } from '../../transform/rules.ts';
import { ApiClient } from '../../watch/api-client.ts';
import { Credentials } from '../../watch/credentials.ts';
import { Discovery } from '../../watch/discovery.ts';
import { ListSlots } from '../../watch/list-slots.ts';
import { namesResource, selectResources } from '../../watch/selection.ts';
import { streamsOf } from '../../watch/streams.ts';
import { lanePlans } from '../outlets.ts';
import type { StreamPreview } from './report.ts';
import { type PreviewContext, previewStream, SHOWN } from './stream-preview.ts';

export interface PreviewOptions {
  /** Only resources that this means, of those that are watched. */
  readonly resource?: string | undefined;
  /** Only resources that this rule of the configuration means; counts from 0. */
  readonly rule?: number | undefined;
  readonly namespace?: string | undefined;
  /** Objects of each stream that are looked at. */
  readonly limit: number;
  /** Milliseconds for which changes are watched; 0: not at all. */
  readonly watch: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * What a run would send, from a page of each stream; writes nothing, and asks nobody but the API server.
 * @throws WatershardError KUBECONFIG_INVALID, API_*, RESOURCE_UNKNOWN where nothing is chosen
 */
export async function preview(config: Config, options: PreviewOptions): Promise<StreamPreview[]> {
  const { logger, signal, limit, watch } = options;
  const metrics = createMetrics();
  const credentials = await Credentials.load(config.kubeconfig);
  await credentials.check();
  const api = new ApiClient({ credentials, metrics, logger });
  try {
    const clusterUid = await api.clusterUid(signal);
    const discovery = new Discovery({ api, metrics, logger });
    await discovery.refresh(signal);
    const streams = chosen(config, discovery, options);
    const lanes = [...lanePlans(config), SHOWN];
    const { cluster, rules } = config;
    const context: PreviewContext = {
      api,
      config,
      slots: new ListSlots(config.watch.concurrentLists),
      planOf: (stream) => planStream({ stream, cluster: cluster.name, clusterUid, rules, lanes }),
      limit,
      watch,
      signal,
    };
    return await Promise.all(streams.map((stream) => previewStream(stream, context)));
  } finally {
    await api.close();
  }
}

function chosen({ watch, rules }: Config, { resources: served }: Discovery, options: PreviewOptions): Stream[] {
  const { resource: name, rule, namespace } = options;
  const wanted = (resource: Resource): boolean =>
    (name === undefined || namesResource(served, name, resource)) &&
    (rule === undefined || rules[rule]?.resources.some((r) => namedByRule(r, resource)) === true);
  const { resources } = selectResources(served, watch.resources, watch.exclude);
  const scope = namespace === undefined ? watch : { ...watch, namespaces: within(watch.namespaces, namespace) };
  const streams = resources.filter(wanted).flatMap((resource) => streamsOf(resource, scope, served));
  if (streams.length > 0) return streams;
  const asked = [
    ...(name === undefined ? [] : [`resource ${name}`]),
    ...(rule === undefined ? [] : [`rules[${rule}]`]),
    ...(namespace === undefined ? [] : [`namespace ${namespace}`]),
  ];
  const what = asked.length === 0 ? '' : ` for ${asked.join(' and ')}`;
  throw new WatershardError('RESOURCE_UNKNOWN', `the configuration watches nothing${what} that the API server serves`);
}

/** Of one namespace alone, where the configuration watches it. */
function within(namespaces: Config['watch']['namespaces'], name: string): Config['watch']['namespaces'] {
  const { include, exclude } = namespaces;
  if (exclude.includes(name) || (include.length > 0 && !include.includes(name)))
    throw new WatershardError('CONFIG_INVALID', `watch.namespaces: the configuration does not watch namespace ${name}`);
  return { include: [name], exclude: [], clusterScoped: false };
}
