import { type ApiClient, readStatus } from './api-client.ts';
import { statusError } from './api-status.ts';
import { Connection } from './connection.ts';
import type { Split } from './splitter.ts';

export interface OneRequest {
  readonly path: string;
  readonly accept: string;
  /** For messages: `listing pods`. */
  readonly doing: string;
  readonly signal: AbortSignal;
}

export interface OneWatch extends OneRequest {
  /** The server has let it in. @returns true where that is enough */
  readonly opened?: () => boolean;
  /** @returns true where nothing more is wanted */
  readonly take: (split: Split) => boolean | undefined;
}

/** The whole body of one page. @throws WatershardError API_* */
export async function readPage(api: ApiClient, request: OneRequest): Promise<Uint8Array<ArrayBuffer>> {
  const connection = await open(api, 'page', request, () => false);
  return connection.takePage();
}

/** One watch, without starting over. Settles when it has ended, or enough was taken. @throws WatershardError API_* */
export async function readWatch(api: ApiClient, request: OneWatch): Promise<void> {
  await open(api, 'watch', request, (connection) => {
    if (request.opened?.() === true) return true;
    for (let split = connection.next(); split !== undefined; split = connection.next())
      if (request.take(split) === true) return true;
    return false;
  });
}

/** @param enough called when the answer is there, and when something can be taken; true breaks the connection off */
async function open(
  api: ApiClient,
  kind: 'watch' | 'page',
  { path, accept, doing, signal }: OneRequest,
  enough: (connection: Connection) => boolean,
): Promise<Connection> {
  let ready: (connection: Connection) => void = () => undefined;
  const connection = new Connection(kind, doing, { bytes: () => undefined, ready: (c) => ready(c) });
  const both = AbortSignal.any([signal, connection.signal]);
  const answer = await api.get(path, { signal: both, headers: { Accept: accept } });
  if (answer.status !== 200) throw statusError(await readStatus(answer), doing);
  await new Promise<void>((resolve, reject) => {
    let over = false;
    ready = ({ outcome }) => {
      if (over) return;
      over = enough(connection) || outcome !== undefined;
      if (!over) return;
      if (outcome?.type === 'failed') return reject(outcome.error);
      resolve();
      connection.abort();
    };
    connection.attach(answer);
    ready(connection);
  });
  return connection;
}
