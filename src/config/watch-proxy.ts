// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables are made here
import { WatershardError } from '../model/errors.ts';
import { WATCH_PROXY_EVENTS, type WatchProxyEvent } from '../model/watch-proxy.ts';
import type { WatchProxyFile } from './watch-proxy-form.ts';

/** What watch-proxy can watch, by the names that it knows. */
const RESOURCES: Readonly<Record<string, string>> = {
  namespaces: 'namespaces',
  pods: 'pods',
  nodes: 'nodes',
  configmaps: 'configmaps',
  secrets: 'secrets',
  services: 'services',
  ingresses: 'ingresses.networking.k8s.io',
  deployments: 'deployments.apps',
  replicasets: 'replicasets.apps',
};
const CLUSTER = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const VARIABLE = /^[A-Za-z_]\w*$/;
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** https://pkg.go.dev/time#ParseDuration */
const GO_DURATION = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Where one of the two pages of watch-proxy is served. */
export interface ServedPage {
  readonly port: number;
  readonly path: string;
}

export interface Translation {
  /** An ordinary configuration before its variables are expanded. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What is done otherwise, or not at all, a sentence each. */
  readonly notes: readonly string[];
  readonly metrics: ServedPage | undefined;
  readonly liveness: ServedPage | undefined;
  /** Environment variables that credentials come from. */
  readonly variables: readonly string[];
}

export interface TranslationOptions {
  readonly kubeconfig?: string;
  readonly dataDir: string;
  /** Where operations are served, host:port. */
  readonly listen?: string;
}

type Resource = WatchProxyFile['resources'][number];
type Endpoint = WatchProxyFile['remoteEndpoints'][number];

/**
 * The ordinary configuration that does what watch-proxy does with this file. Pure.
 * @throws WatershardError CONFIG_INVALID where it cannot be done
 */
export function translateWatchProxy(
  file: WatchProxyFile,
  { kubeconfig, dataDir, listen }: TranslationOptions,
): Translation {
  const notes: string[] = [];
  const resources = knownResources(file.resources, notes);
  const ignored = file.ignoreNamespaces.filter((name) => {
    if (!NAMESPACE.test(name))
      notes.push(
        `ignoreNamespaces: ${JSON.stringify(name)} is not the name of a namespace, and is passed over; beginnings of names do not count.`,
      );
    return NAMESPACE.test(name);
  });
  if (file.remoteEndpoints.length === 0) throw invalid('remoteEndpoints', 'there is none; name one at least');
  noteDurations(file, notes);
  const shared = sharedSettings(file, resources, ignored, notes);
  const exporters = file.remoteEndpoints.map((endpoint, i) =>
    exporter(endpoint, i, file.remoteEndpoints.length, shared),
  );
  if (exporters.length > 1)
    notes.push(
      'Each of the endpoints has a buffer on disk, so that one that is away delays none of the others; with a full one (buffer.bytes, 1GiB) it loses records, which is counted.',
    );
  if (file.remoteEndpoints.some(({ type }) => type === 'sqs'))
    notes.push(
      'Endpoints of type sqs get requests of up to ten messages whenever there is something to send, whatever emitBatchMaxObjects and emitInterval are.',
    );
  const metrics = page(file.prometheusMetrics, '/metrics', 'prometheusMetrics', notes);
  const liveness = page(file.httpLiveness, '/live', 'httpLiveness', notes);
  if (metrics !== undefined && liveness !== undefined && metrics.path === liveness.path)
    throw invalid('httpLiveness.path', `it is ${liveness.path}, as that of prometheusMetrics; give another one`);
  const config = {
    cluster: { name: CLUSTER.test(file.clusterName) ? file.clusterName : 'watch-proxy' },
    ...(kubeconfig === undefined ? {} : { kubeconfig: literal(kubeconfig) }),
    watch: {
      resources: resources.map(({ name }) => RESOURCES[name]),
      ...(ignored.length === 0 ? {} : { namespaces: { exclude: ignored } }),
    },
    ...some(
      'rules',
      resources.flatMap((resource) => rule(resource, notes)),
    ),
    dataDir: literal(dataDir),
    exporters,
    ops: { listen: listen ?? `127.0.0.1:${[metrics?.port, liveness?.port].includes(8081) ? 8082 : 8081}` },
  };
  const variables = file.remoteEndpoints.flatMap((e) => [e.usernameVar, e.passwordVar]).filter((name) => name !== '');
  return { config, notes, metrics, liveness, variables: [...new Set(variables)] };
}

/** Of two entries for one resource the later counts, as there. */
function knownResources(resources: readonly Resource[], notes: string[]): Resource[] {
  const known = new Map<string, Resource>();
  for (const [i, resource] of resources.entries()) {
    if (!Object.hasOwn(RESOURCES, resource.name))
      notes.push(
        `resources[${i}]: watch-proxy does not know ${JSON.stringify(resource.name)}, so it is not watched; an ordinary configuration can name any resource.`,
      );
    else known.set(resource.name, resource);
  }
  if (known.size === 0)
    throw invalid('resources', `there is none that is known; name some of ${Object.keys(RESOURCES).join(', ')}`);
  return [...known.values()];
}

function rule({ name, pruneFields }: Resource, notes: string[]): Record<string, unknown>[] {
  const prune = [...new Set(pruneFields)].flatMap((field) => {
    const path = prunePath(field);
    if (path === undefined)
      notes.push(`resources.${name}.pruneFields: ${JSON.stringify(field)} names nothing, and is passed over.`);
    return path === undefined ? [] : [literal(path)];
  });
  // What is left is compared there: without resourceVersion a change of pruned fields alone is none, with it every one is.
  const ignore = pruneFields.some((field) => field === 'metadata.resourceVersion' || field === 'metadata') ? prune : [];
  if (name === 'secrets')
    notes.push(
      'Secrets are sent with their data but for what pruneFields name, as watch-proxy does; leave `redact: false` out of their rule to have it replaced by a placeholder.',
    );
  const settings = {
    ...some('prune', prune),
    ...some('ignore', ignore),
    ...(name === 'secrets' ? { redact: false } : {}),
  };
  return Object.keys(settings).length === 0 ? [] : [{ resources: [RESOURCES[name]], ...settings }];
}

/** `a.b/c` as `a['b/c']`. */
function prunePath(field: string): string | undefined {
  const keys = field.split('.');
  if (keys.includes('')) return undefined;
  return keys
    .map((key, i) => {
      if (!PLAIN_KEY.test(key)) return `['${key.replace(/[\\']/g, '\\$&')}']`;
      return i === 0 ? key : `.${key}`;
    })
    .join('');
}

type SharedSettings = ReturnType<typeof sharedSettings>;

/** What all endpoints have. */
function sharedSettings(
  file: WatchProxyFile,
  resources: readonly Resource[],
  ignored: readonly string[],
  notes: string[],
) {
  const { clusterName, metadata } = file;
  const assetIds = Object.fromEntries(
    resources.filter((r) => r.assetId !== '').map((r) => [RESOURCES[r.name], literal(r.assetId)]),
  );
  const filterEvents: Record<string, readonly WatchProxyEvent[]> = {};
  for (const { name, filterEvents: events } of resources) {
    const known = WATCH_PROXY_EVENTS.filter((event) => events.includes(event));
    if (known.length > 0) filterEvents[RESOURCES[name]!] = known;
    const unknown = events.filter((event) => !(WATCH_PROXY_EVENTS as readonly string[]).includes(event));
    if (unknown.length > 0)
      notes.push(
        `resources.${name}.filterEvents: there is no event ${unknown.map((e) => JSON.stringify(e)).join(', ')}.`,
      );
  }
  const meta = clusterName === '' ? metadata : { ...metadata, cluster: clusterName };
  const delayed = isPositive(file.delayAddEventDuration);
  if (delayed)
    notes.push(
      'delayAddEventDuration: what is there at the first start is not sent as added, whatever the duration; what is created after that is.',
    );
  return {
    ignored,
    operations: delayed ? ['CREATED', 'UPDATED', 'DELETED'] : [],
    batch: {
      records: file.emitBatchMaxObjects > 0 ? file.emitBatchMaxObjects : 10,
      interval: `${file.emitInterval > 0 ? file.emitInterval : 1}s`,
    },
    watchProxy: {
      clusterName: literal(clusterName),
      ...(Object.keys(assetIds).length === 0 ? {} : { assetIds }),
      ...(meta === null ? {} : { meta: literal(meta) }),
      ...(Object.keys(filterEvents).length === 0 ? {} : { filterEvents }),
    },
  };
}

function exporter(endpoint: Endpoint, index: number, count: number, shared: SharedSettings): Record<string, unknown> {
  const path = `remoteEndpoints[${index}]`;
  const { type, usernameVar, passwordVar, namespaces, resourceTypes } = endpoint;
  const include = [...new Set(namespaces)];
  const where = { ...some('include', include.map(literal)), ...some('exclude', shared.ignored) };
  const base = {
    name: `endpoint-${index + 1}`,
    ...(count > 1 ? { required: false, buffer: { type: 'disk' } } : {}),
  };
  const filter = {
    ...(Object.keys(where).length === 0 ? {} : { namespaces: where }),
    ...some('resources', [...new Set(resourceTypes)].map(literal)),
    ...some('operations', shared.operations),
  };
  const url = URL.parse(endpoint.url);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw invalid(`${path}.url`, `not a URL of ${type === 'sqs' ? 'a queue' : 'http or https'}`);
  if (type === 'sqs' && url.pathname.length <= 1) throw invalid(`${path}.url`, 'not a URL of a queue: it has no path');
  if (type === 'sqs') return { ...base, ...queue(endpoint.url, endpoint.region, shared.watchProxy), ...filter };
  for (const [key, name] of Object.entries({ usernameVar, passwordVar }))
    if (name !== '' && !VARIABLE.test(name))
      throw invalid(
        `${path}.${key}`,
        `${JSON.stringify(name)} is not the name of an environment variable; letters, digits and underscores make one`,
      );
  let address = endpoint.url;
  if (usernameVar !== '' && url.username !== '') {
    // Go's client takes what is set outside of the address.
    url.username = '';
    url.password = '';
    address = url.href;
  }
  return {
    ...base,
    type: 'http',
    url: literal(address),
    encoding: 'watch-proxy',
    watchProxy: type === 'vro' ? { ...shared.watchProxy, body: 'vro' } : shared.watchProxy,
    batch: shared.batch,
    requestTimeout: '5s',
    ...(usernameVar === ''
      ? {}
      : { basic: { user: `\${${usernameVar}:-}`, password: passwordVar === '' ? '' : `\${${passwordVar}:-}` } }),
    ...filter,
  };
}

/** What it sends is hidden for ten seconds from consumers, but in a FIFO queue, to which it cannot send. */
function queue(url: string, region: string, { meta: _, ...watchProxy }: SharedSettings['watchProxy']) {
  const fifo = url.endsWith('.fifo');
  return {
    type: 'sqs',
    queue: literal(url),
    ...(region === '' ? {} : { region: literal(region) }),
    encoding: 'watch-proxy',
    watchProxy,
    ...(fifo ? {} : { delay: '10s' }),
    requestTimeout: '5s',
  };
}

function noteDurations(file: WatchProxyFile, notes: string[]): void {
  for (const key of ['delayAddEventDuration', 'emitCacheDuration', 'forceReuploadDuration'] as const)
    if (file[key] !== '' && !GO_DURATION.test(file[key]))
      notes.push(`${key}: ${JSON.stringify(file[key])} is not a duration, and is passed over.`);
  if (isPositive(file.forceReuploadDuration))
    notes.push(
      'forceReuploadDuration: nothing is sent again by the clock; what an endpoint has not taken is sent to it until it has.',
    );
  if (isPositive(file.emitCacheDuration))
    notes.push('emitCacheDuration: what was sent is known for as long as the object lives, also after a restart.');
  if (file.deltaUpdates) notes.push('deltaUpdates: it has no effect, as in watch-proxy.');
}

function isPositive(duration: string): boolean {
  return GO_DURATION.test(duration) && !duration.startsWith('-') && /[1-9]/.test(duration);
}

function page(
  { port, path }: WatchProxyFile['httpLiveness'],
  fallback: string,
  key: string,
  notes: string[],
): ServedPage | undefined {
  if (port === '') return undefined;
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number > 65_535) {
    notes.push(`${key}.port: ${JSON.stringify(port)} is not a port, so it is not served.`);
    return undefined;
  }
  return { port: number, path: path === '' ? fallback : path.startsWith('/') ? path : `/${path}` };
}

/** The key where there is something in its list. */
function some(key: string, list: readonly unknown[]): Record<string, unknown> {
  return list.length === 0 ? {} : { [key]: list };
}

/** Text that is taken as it is: what looks like a reference to a variable is none in watch-proxy's file. */
function literal<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${') as T;
  if (Array.isArray(value)) return value.map(literal) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item)])) as T;
}

function invalid(path: string, reason: string): WatershardError {
  return new WatershardError('CONFIG_INVALID', `the watch-proxy configuration: ${path}: ${reason}`);
}
