import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** What the server does with one request. `stored` says whether it keeps the body. */
export type Behaviour =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly text?: string;
    }
  /** Resets the connection before the body was read. */
  | { readonly type: 'reset-before' }
  /** Takes the body, and resets the connection without an answer. */
  | { readonly type: 'reset-after' }
  /** Takes the body, and answers 200 with half of what it announces. */
  | { readonly type: 'half' }
  /** Reads the body, and never answers. */
  | { readonly type: 'silent' };

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came. */
  readonly raw: Buffer;
  /** Decompressed. */
  readonly body: string;
  readonly status: number;
}

/** An HTTP server that keeps what it is sent, and misbehaves when told. Restarts keep the port and what is stored. */
export class HttpSink {
  /** Every request whose body was read, in order. */
  readonly received: Received[] = [];
  /** Bodies that the server has taken: what a consumer finds. */
  readonly stored: string[] = [];
  /** One a request, before `always`. */
  readonly next: Behaviour[] = [];
  always: Behaviour = { type: 'answer', status: 200 };
  /** Bytes of a body (as it comes) above which the answer is 413. */
  limit = Number.POSITIVE_INFINITY;
  /** Bodies for which this is true are answered with 400. */
  refuses: (body: string) => boolean = () => false;
  readonly #tls: ServerOptions | undefined;
  #server: Server | undefined;
  #port = 0;

  constructor(tls?: ServerOptions) {
    this.#tls = tls;
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}/in`;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const handle = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    const server = this.#tls === undefined ? createServer(handle) : createTlsServer(this.#tls, handle);
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Resets every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  reset(): void {
    for (const list of [this.received, this.stored, this.next]) list.length = 0;
    this.always = { type: 'answer', status: 200 };
    this.refuses = () => false;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const behaviour = this.next.shift() ?? this.always;
    if (behaviour.type === 'reset-before') return void request.socket.destroy();
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return; // the exporter went away in the middle: nothing is stored
    }
    const raw = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const note = (status: number): void => {
      const { method = '', url: path = '', headers } = request;
      this.received.push({ method, path, headers, raw, body, status });
    };
    if (behaviour.type !== 'answer') {
      note(0);
      if (behaviour.type === 'silent') return;
      this.stored.push(body);
      if (behaviour.type === 'half') response.writeHead(200, { 'content-length': 1000 }).write('{"half":');
      setImmediate(() => request.socket.destroy());
      return;
    }
    const status = raw.length > this.limit ? 413 : this.refuses(body) ? 400 : behaviour.status;
    note(status);
    if (status < 300) this.stored.push(body);
    response.writeHead(status, behaviour.headers).end(behaviour.text ?? '');
  }
}
