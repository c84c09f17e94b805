import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Churn } from './churn.ts';
import { Cluster, type Served } from './cluster.ts';
import { control } from './control.ts';
import { Gate } from './gate.ts';
import { Lists } from './list.ts';
import { DEFAULTS, type SimulatorOptions } from './options.ts';
import { ApiStatus } from './refusal.ts';
import { sendJson } from './respond.ts';
import { answerApi } from './routes.ts';
import type { Watch } from './watch.ts';

export interface Simulator {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Text of a kubeconfig file. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** What the routes work on. */
export interface SimulatorState {
  readonly options: SimulatorOptions;
  readonly cluster: Cluster;
  readonly lists: Lists;
  readonly churn: Churn;
  readonly watches: Set<Watch>;
  readonly gate: Gate;
}

/** Starts a simulated API server on 127.0.0.1. @throws the system's error where it cannot listen */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const full = { ...DEFAULTS, ...options };
  const cluster = new Cluster(full);
  const watches = new Set<Watch>();
  const churn = new Churn(cluster, full.rate, {
    behind: () => (watches.size === 0 ? undefined : Math.max(...[...watches].map((w) => w.behind))),
    changed: (served: ReadonlySet<Served>) => {
      for (const w of watches) if (served.has(w.view.served)) w.pump();
    },
    hold: () => {
      for (const w of watches) w.hold();
    },
    release: () => {
      for (const w of watches) w.release();
    },
  });
  const state: SimulatorState = {
    options: full,
    cluster,
    lists: new Lists(cluster),
    churn,
    watches,
    gate: new Gate(full.held),
  };
  const listener: RequestListener = (request, response) => void answer(state, request, response);
  const server =
    full.tls === undefined
      ? createServer(listener)
      : createTlsServer({ key: full.tls.key, cert: full.tls.cert }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(full.port, '127.0.0.1', () => resolve());
  });
  const bookmarks = setInterval(() => {
    for (const w of watches) w.bookmark(cluster.resourceVersion);
  }, full.bookmarkSeconds * 1000);
  if (!full.paused) churn.start();
  const url = `${full.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    kubeconfig: kubeconfig(url, full.tls?.cert),
    close: async () => {
      clearInterval(bookmarks);
      churn.stop();
      state.gate.open();
      for (const w of watches) w.end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(state: SimulatorState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname.startsWith('/__simulator/')) control(state, url, response);
    else if (request.method !== 'GET') throw new ApiStatus(405, 'MethodNotAllowed', 'the simulator is read-only');
    else await answerApi(state, request, url, response);
  } catch (error) {
    const status = error instanceof ApiStatus ? error : new ApiStatus(500, 'InternalError', String(error));
    if (response.headersSent) response.destroy();
    else sendJson(response, status, status.code);
  }
}

function kubeconfig(server: string, certificate: string | undefined): string {
  const authority =
    certificate === undefined ? '' : `, certificate-authority-data: ${Buffer.from(certificate).toString('base64')}`;
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: simulated',
    `clusters: [{name: simulated, cluster: {server: "${server}"${authority}}}]`,
    'users: [{name: simulated, user: {token: simulated}}]',
    'contexts: [{name: simulated, context: {cluster: simulated, user: simulated}}]',
    '',
  ].join('\n');
}
