import type { IncomingMessage, ServerResponse } from 'node:http';
import { send } from './respond.ts';

export interface Health {
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

/** 200 `ok` or 503 with a reason a line; JSON where the client accepts it; `?verbose` gives the reasons with a 200 too. */
export function answerHealth(request: IncomingMessage, response: ServerResponse, url: URL, health: Health): void {
  const status = health.ok ? 200 : 503;
  if ((request.headers.accept ?? '').includes('application/json')) {
    send(response, status, 'application/json', `${JSON.stringify(health)}\n`);
    return;
  }
  const verbose = url.searchParams.has('verbose');
  const lines = health.ok
    ? ['ok', ...(verbose ? health.reasons : [])]
    : health.reasons.length > 0
      ? health.reasons
      : ['not ok'];
  send(
    response,
    status,
    'text/plain; charset=utf-8',
    `${lines.join('\n')}${verbose || lines.length > 1 || !health.ok ? '\n' : ''}`,
  );
}
