import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before } from 'node:test';
import type { ApiClient } from '../../src/watch/api-client.ts';
import { openApi, stopRunning, writeKubeconfig } from './watch-setup.ts';

/**
 * An API server that answers as the tests of a file say, and a client of it from before the first test on. What runs is
 * stopped after each test.
 */
export function scriptedServer(answer: (query: URLSearchParams, response: ServerResponse) => void): {
  readonly api: ApiClient;
} {
  const server = createServer((request, response) =>
    answer(new URL(request.url ?? '', 'http://x').searchParams, response),
  );
  let api: ApiClient | undefined;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    api = await openApi(writeKubeconfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
  afterEach(stopRunning);
  after(async () => {
    await api?.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    get api() {
      if (api === undefined) throw new Error('the server has not started: only tests may ask for its client');
      return api;
    },
  };
}
