import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HealthReport } from '../model/status.ts';
import { send } from './respond.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

export interface KollectPathsOptions {
  readonly kollectPaths?: 'off' | 'ready-at-once' | 'ready-when-synced';
  readonly health: () => HealthReport;
}

/** The paths that kollect serves, for probes and scrapers that know it: bodies are empty, and 412 is its word for not ready. */
export function kollectPaths(
  { kollectPaths: which = 'off', health }: KollectPathsOptions,
  own: Readonly<Record<'/metrics' | '/debug/profile' | '/debug/heap', Handler>>,
): Record<string, Handler> {
  if (which === 'off') return {};
  const empty = (response: ServerResponse, status: number): void =>
    send(response, status, 'text/plain; charset=utf-8', '');
  return {
    '/__/metrics': own['/metrics'],
    '/__/health': (_, response) => empty(response, 200),
    '/__/ready': (_, response) => empty(response, which === 'ready-at-once' || health().ready ? 200 : 412),
    '/__/pprof/profile': own['/debug/profile'],
    // kollect has none of the heap; Go's pprof has it under this name.
    '/__/pprof/heap': own['/debug/heap'],
  };
}
