import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Agents } from './agents.ts';
import { type ApiStatus, parseRetryAfter, parseStatus, statusError } from './api-status.ts';
import type { Access, Credentials } from './credentials.ts';
import { type HttpAnswer, httpGet } from './http-get.ts';

export type ApiResponse = HttpAnswer;

export interface GetOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is control data, not objects. */
export interface JsonResponse {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  /** undefined where there is no body, or it is not JSON. */
  readonly value: unknown;
  readonly failure: ApiStatus | undefined;
}

const CONTROL_MS = 30_000;
const STATUS_BYTES = 256 * 1024;

/** Reads from the API server. It never waits for a free connection, and puts no time limit on a body. */
export class ApiClient {
  readonly #credentials: Credentials;
  readonly #agents = new Agents();
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #closing = new AbortController();

  constructor(options: { credentials: Credentials; metrics: Metrics; logger: Logger }) {
    this.#credentials = options.credentials;
    this.#metrics = options.metrics;
    this.#logger = options.logger;
  }

  get server(): string {
    return this.#credentials.server;
  }

  /**
   * Any HTTP status is an answer. A 401 is tried once more with credentials read anew.
   * @throws WatershardError API_UNREACHABLE, API_UNAUTHORIZED (no credentials)
   */
  async get(path: string, options: GetOptions = {}): Promise<ApiResponse> {
    const access = await this.#credentials.access();
    const answer = await this.#send(path, access, options);
    if (answer.status !== 401) return answer;
    await discard(answer);
    this.#credentials.reload(access.generation);
    return await this.#send(path, await this.#credentials.access(), options);
  }

  /** A small answer, parsed; within 30 s. @throws as `get` */
  async getJson(path: string, options: GetOptions = {}): Promise<JsonResponse> {
    const limit = AbortSignal.timeout(CONTROL_MS);
    const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
    const answer = await this.get(path, { ...options, signal });
    const { status, headers } = answer;
    if (status !== 200) {
      if (status !== 304) return { status, headers, value: undefined, failure: await readStatus(answer) };
      await discard(answer);
      return { status, headers, value: undefined, failure: undefined };
    }
    try {
      return { status, headers, value: JSON.parse(await answer.body.text()), failure: undefined };
    } catch (cause) {
      throw new WatershardError('API_UNREACHABLE', `reading ${path} from ${this.server}: ${errorMessage(cause)}`, {
        cause,
      });
    }
  }

  /** Asks for a review, which the server answers and does not keep; within 30 s. @throws as `get` */
  async review(path: string, review: unknown, signal: AbortSignal): Promise<JsonResponse> {
    // Loaded here, since only `watershard doctor` asks.
    const { postReview } = await import('./review.ts');
    const access = await this.#credentials.access();
    const limits = AbortSignal.any([signal, AbortSignal.timeout(CONTROL_MS), this.#closing.signal]);
    const dispatcher = this.#agents.for(access.tls, access.proxyUrl);
    return await postReview({ dispatcher, access, path, review, signal: limits });
  }

  /**
   * uid of the namespace kube-system, which stands for the cluster; '' with a warning where it may not be read.
   * @throws WatershardError API_*
   */
  async clusterUid(signal?: AbortSignal): Promise<string> {
    const path = '/api/v1/namespaces/kube-system';
    const answer = await this.getJson(path, signal === undefined ? {} : { signal });
    if (answer.failure === undefined) {
      const value = answer.value as { metadata?: { uid?: string } } | undefined;
      return value?.metadata?.uid ?? '';
    }
    if (answer.status !== 403 && answer.status !== 404)
      throw statusError(answer.failure, 'reading the namespace kube-system');
    this.#logger.warn(
      { status: answer.status },
      'the uid of the cluster is not known: the namespace kube-system cannot be read, so a change of clusters under one name would go unnoticed',
    );
    return '';
  }

  /** Breaks off what is still running. */
  async close(): Promise<void> {
    // An agent of certificates that were replaced cannot be destroyed any more: it has let go of its connections.
    this.#closing.abort();
    await this.#agents.close();
  }

  async #send(path: string, access: Access, options: GetOptions): Promise<ApiResponse> {
    const closing = this.#closing.signal;
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
    try {
      const answer = await httpGet(this.#agents.for(access.tls, access.proxyUrl), {
        ...target(access.server, path),
        headers: { Accept: 'application/json', 'User-Agent': 'watershard', ...options.headers, ...access.headers },
        signal,
      });
      this.#metrics.apiRequests.inc({ status: String(answer.status) });
      return answer;
    } catch (cause) {
      if (!signal.aborted) this.#metrics.apiRequests.inc({ status: 'failed' });
      if (cause instanceof WatershardError) throw cause;
      const text = `getting ${path.split('?')[0]} from ${access.server}: ${errorMessage(cause)}`;
      throw new WatershardError('API_UNREACHABLE', text, { cause });
    }
  }
}

/** Reads the Status of an answer that is not 200. A body that breaks off only costs the server's words. */
export async function readStatus(answer: ApiResponse): Promise<ApiStatus> {
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], Date.now());
  try {
    return parseStatus(answer.status, await answer.body.text(STATUS_BYTES), retryAfterMs);
  } catch (error) {
    return { ...parseStatus(answer.status, '', retryAfterMs), message: errorMessage(error) };
  }
}

/** The path of a server behind another one (a proxy, Rancher) stands before that of the request. */
function target(server: string, path: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(server + path);
  return { origin, path: pathname + search };
}

async function discard(answer: ApiResponse): Promise<void> {
  await answer.body.text(STATUS_BYTES);
}
