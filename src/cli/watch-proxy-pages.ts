import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { ServedPage, Translation } from '../config/watch-proxy.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface Pages {
  close(): Promise<void>;
}

/** Where the program answers by itself; undefined before it does. */
type Ops = () => string | undefined;

const FILE_MS = 10_000;

/**
 * What probes and scrapers of watch-proxy ask: both pages on both ports, from what the program says of itself, and the file
 * that an exec probe looks for.
 * @param file made while the program is alive, removed otherwise
 * @throws WatershardError CONFIG_INVALID where a port cannot be listened on
 */
export async function servePages(
  { metrics, liveness }: Translation,
  ops: Ops,
  file: string,
  logger: Logger,
): Promise<Pages> {
  const ports = [...new Set([metrics, liveness].filter((page) => page !== undefined).map(({ port }) => port))];
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    clearInterval(timer);
    rmSync(file, { force: true });
    await Promise.all(servers.map((server) => closed(server)));
  };
  const mark = async (): Promise<void> => {
    try {
      if (await isAlive(ops)) writeFileSync(file, '');
      else rmSync(file, { force: true });
    } catch (e) {
      logger.warn({ file, err: errorMessage(e) }, 'the file that says that the program is alive cannot be made');
    }
  };
  const timer = setInterval(() => void mark(), FILE_MS).unref();
  try {
    for (const port of ports) servers.push(await serve(port, metrics, liveness, ops));
  } catch (e) {
    await close();
    throw e;
  }
  return { close };
}

async function serve(
  port: number,
  metrics: ServedPage | undefined,
  liveness: ServedPage | undefined,
  ops: Ops,
): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    const text = 'text/plain; charset=utf-8';
    if (liveness !== undefined && path === liveness.path) {
      const alive = (ok: boolean): void =>
        ok ? answer(200, text, 'OK\n') : answer(503, text, 'Service Unavailable\n');
      void isAlive(ops).then(alive);
    } else if (metrics !== undefined && path === metrics.path) {
      ask(ops, '/metrics').then(
        async (own) => answer(own.status, own.headers.get('content-type') ?? text, await own.text()),
        () => answer(503, text, 'Service Unavailable\n'),
      );
    } else answer(404, text, '404 page not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const reason = `listening on port ${port} of the watch-proxy configuration: ${errorMessage(cause)}`;
      reject(new WatershardError('CONFIG_INVALID', reason, { cause }));
    });
    server.listen(port, resolve);
  });
  return server;
}

async function isAlive(ops: Ops): Promise<boolean> {
  return await ask(ops, '/livez').then(
    ({ ok }) => ok,
    () => false, // it does not answer: that is what is asked
  );
}

async function ask(ops: Ops, path: string): Promise<Response> {
  return await fetch(`${ops()}${path}`, { signal: AbortSignal.timeout(5000) });
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
