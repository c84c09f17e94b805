import type { ServerResponse } from 'node:http';

export function sendJson(response: ServerResponse, body: unknown, status = 200, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(`${JSON.stringify(body)}\n`);
}
