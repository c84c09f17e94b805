import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorMessage } from '../model/errors.ts';
import type { HealthReport, StatusReport } from '../model/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { observeProcess } from '../telemetry/process-metrics.ts';
import { answerHealth } from './health.ts';
import { type Handler, kollectPaths } from './kollect-paths.ts';
import { isLoopback, listen, parseAddress } from './listen.ts';
import { LiveEvents } from './live-events.ts';
import { PAGE_HTML, PAGE_ICON } from './page/document.ts';
import { PAGE_SCRIPT } from './page/script.ts';
import { PAGE_STYLE } from './page/style.ts';
import { PROFILE_SUFFIX, type ProfileKind, takeProfile } from './profile.ts';
import { failure, send } from './respond.ts';

export interface OpsOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string;
  readonly metrics: Metrics;
  readonly status: () => StatusReport;
  readonly health: () => HealthReport;
  /** Answer /debug/profile and /debug/heap also where the address is not a loopback one. */
  readonly profile?: boolean;
  /** Answer the paths of kollect too. */
  readonly kollectPaths?: 'off' | 'ready-at-once' | 'ready-when-synced';
  readonly logger?: Logger;
}

export interface OpsServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves metrics, health, status and the live page.
 * @throws WatershardError CONFIG_INVALID where the address cannot be listened on
 */
export async function startOps(options: OpsOptions): Promise<OpsServer> {
  const address = parseAddress(options.listen);
  const profiles = options.profile === true || isLoopback(address.host);
  const closing = new AbortController();
  const process = observeProcess(options.metrics);
  const failed = (error: unknown): void =>
    options.logger?.warn({ error: errorMessage(error) }, 'an ops request failed');
  const live = new LiveEvents(options.status, failed);

  const profile = async (
    kind: ProfileKind,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> => {
    if (!profiles) return failure(response, 403, 'profiles are given on a loopback address, or with ops.profile: true');
    const seconds = Number(url.searchParams.get('seconds') ?? '5');
    if (!(seconds > 0 && seconds <= 60)) return failure(response, 400, 'seconds: a number above 0, at most 60');
    if (request.method === 'HEAD') return send(response, 200, 'application/json', '');
    const taken = await takeProfile(kind, seconds, closing.signal);
    if (taken === undefined) return failure(response, 409, 'a profile is being taken already');
    response.setHeader('content-disposition', `attachment; filename="watershard.${PROFILE_SUFFIX[kind]}"`);
    send(response, 200, 'application/json', taken);
  };

  const own = {
    '/': (_, response) => send(response, 200, 'text/html; charset=utf-8', PAGE_HTML),
    '/page.css': (_, response) => send(response, 200, 'text/css; charset=utf-8', PAGE_STYLE),
    '/page.js': (_, response) => send(response, 200, 'text/javascript; charset=utf-8', PAGE_SCRIPT),
    '/page.svg': (_, response) => send(response, 200, 'image/svg+xml', PAGE_ICON),
    '/metrics': async (_, response) => {
      process.sample();
      send(response, 200, options.metrics.registry.contentType, await options.metrics.registry.metrics());
    },
    '/status': (_, response) =>
      send(response, 200, 'application/json', `${JSON.stringify(options.status(), null, 2)}\n`),
    '/events': (request, response) => {
      if (request.method === 'HEAD') send(response, 200, 'text/event-stream', '');
      else if (!live.add(response)) failure(response, 503, 'too many listeners');
    },
    // Started is all it says: for platforms that know one probe only, a restart must not follow from a sink that is down.
    '/healthz': (request, response, url) => answerHealth(request, response, url, { ok: true, reasons: [] }),
    '/livez': (request, response, url) => {
      const { live: ok, reasons } = options.health();
      answerHealth(request, response, url, { ok, reasons: ok ? [] : reasons });
    },
    '/readyz': (request, response, url) => {
      const { live: alive, ready, reasons } = options.health();
      answerHealth(request, response, url, { ok: alive && ready, reasons });
    },
    '/debug/profile': (request, response, url) => profile('cpu', request, response, url),
    '/debug/heap': (request, response, url) => profile('heap', request, response, url),
  } satisfies Record<string, Handler>;
  const handlers: Record<string, Handler> = { ...own, ...kollectPaths(options, own) };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const url = URL.parse(`http://localhost${request.url ?? '/'}`);
      const handler = url !== null && Object.hasOwn(handlers, url.pathname) ? handlers[url.pathname] : undefined;
      if (url === null || handler === undefined) failure(response, 404, 'not found');
      else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        failure(response, 405, 'only GET and HEAD');
      } else await handler(request, response, url);
    } catch (error) {
      if (closing.signal.aborted) return;
      failed(error);
      if (response.headersSent) response.destroy();
      else failure(response, 500, 'internal error; see the log');
    }
  };

  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000 },
    (request, response) => void answer(request, response),
  );
  let port: number;
  try {
    port = (await listen(server, address)).port;
  } catch (error) {
    process.close();
    throw error;
  }
  server.on('error', failed);
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: async () => {
      closing.abort();
      live.close();
      process.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
