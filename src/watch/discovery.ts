import { errorMessage, type WatershardError } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ApiClient, JsonResponse } from './api-client.ts';
import { statusError } from './api-status.ts';
import {
  mergeKnown,
  parseAggregated,
  parseCoreVersions,
  parseGroupList,
  parseResourceList,
  preferredResources,
  type ServedGroup,
  type ServedVersion,
} from './discovery-document.ts';
import type { ServedResource } from './selection.ts';

/** v2 since Kubernetes 1.30, v2beta1 since 1.26; an older server answers with the plain document. */
const ACCEPT = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');
/** Requests at a time, where each version of each group has to be asked for. */
const CONCURRENT = 4;

interface Root {
  etag: string;
  groups: readonly ServedGroup[];
}

/**
 * Which resources the API server serves. A group whose own server does not answer keeps the resources it had; only what
 * the server says outright is taken for a removal.
 */
export class Discovery {
  readonly #api: Pick<ApiClient, 'getJson'>;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #core: Root = { etag: '', groups: [] };
  readonly #named: Root = { etag: '', groups: [] };
  #resources: readonly ServedResource[] = [];
  #fingerprint = '';
  /** Groups that did not answer the last time. */
  #silent = new Set<string>();

  constructor(options: { api: Pick<ApiClient, 'getJson'>; metrics: Metrics; logger: Logger }) {
    this.#api = options.api;
    this.#metrics = options.metrics;
    this.#logger = options.logger;
  }

  get resources(): readonly ServedResource[] {
    return this.#resources;
  }

  /** Group versions whose server did not answer the last time: `metrics.k8s.io/v1beta1`. */
  get unanswered(): readonly string[] {
    return [...this.#silent];
  }

  /**
   * Asks again. What is known stays as it is where this fails.
   * @returns whether anything changed
   * @throws WatershardError API_*
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#root(this.#core, '/api', signal);
      await this.#root(this.#named, '/apis', signal);
    } catch (error) {
      this.#metrics.discoveries.inc({ result: 'error' });
      throw error;
    }
    const groups = [...this.#core.groups, ...this.#named.groups];
    this.#reportSilent(groups);
    this.#resources = preferredResources(groups);
    const fingerprint = JSON.stringify(this.#resources);
    const changed = fingerprint !== this.#fingerprint;
    this.#fingerprint = fingerprint;
    this.#metrics.discoveries.inc({ result: changed ? 'changed' : 'unchanged' });
    return changed;
  }

  async #root(root: Root, path: '/api' | '/apis', signal: AbortSignal): Promise<void> {
    const headers = { Accept: ACCEPT, ...(root.etag === '' ? {} : { 'If-None-Match': root.etag }) };
    const answer = await this.#api.getJson(path, { signal, headers });
    if (answer.status === 304) return;
    const document = required(answer, path);
    const aggregated = parseAggregated(document);
    root.groups = mergeKnown(aggregated ?? (await this.#oneByOne(path, document, signal)), root.groups);
    // The plain document names only the groups, so that it stays the same when a group changes.
    root.etag = aggregated === undefined ? '' : String(answer.headers.etag ?? '');
  }

  /** The way of servers before aggregated discovery. */
  async #oneByOne(path: '/api' | '/apis', document: unknown, signal: AbortSignal): Promise<ServedGroup[]> {
    const listed = path === '/api' ? [{ group: '', versions: parseCoreVersions(document) }] : parseGroupList(document);
    const jobs = listed.flatMap(({ group, versions }) => versions.map((version) => ({ group, version })));
    const answers = new Map<string, ServedVersion>();
    const worker = async (): Promise<void> => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const { group, version } = job;
        const url = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
        answers.set(`${group}/${version}`, { version, resources: await this.#version(url, group, version, signal) });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
    return listed.map(({ group, versions }) => ({
      group,
      versions: versions.map((v) => answers.get(`${group}/${v}`) ?? { version: v, resources: undefined }),
    }));
  }

  async #version(
    url: string,
    group: string,
    version: string,
    signal: AbortSignal,
  ): Promise<ServedResource[] | undefined> {
    try {
      return parseResourceList(required(await this.#api.getJson(url, { signal }), url), group, version);
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.debug({ group, version, reason: errorMessage(error) }, 'an API group does not answer to discovery');
      return undefined;
    }
  }

  #reportSilent(groups: readonly ServedGroup[]): void {
    const silent = new Set<string>();
    for (const { group, versions } of groups) {
      for (const v of versions) if (v.resources === undefined) silent.add(`${group}/${v.version}`);
    }
    for (const name of silent) {
      if (!this.#silent.has(name))
        this.#logger.warn(
          { group: name },
          'an API group does not answer to discovery and was not known before: its resources are not watched yet',
        );
    }
    this.#silent = silent;
  }
}

function required(answer: JsonResponse, path: string): unknown {
  if (answer.failure !== undefined)
    throw statusError(answer.failure, `discovering resources at ${path}`) satisfies WatershardError;
  return answer.value;
}
