import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What came to the proxy; the body is not looked at. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** '' without one. */
  readonly authorization: string;
}

/** Changes the body of an answer on its way. Throwing breaks the connection off. */
export type BodyChange = (body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

export type Fault =
  /** Answered by the proxy; the server does not see the request. */
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks before the server sees the request. */
  | { readonly type: 'reset' }
  /** The server does what it was asked for, and the connection breaks before its answer. */
  | { readonly type: 'lose-answer' }
  /** Nothing comes until the rules are cleared, when the connection breaks. */
  | { readonly type: 'hang' }
  /** The connection breaks, and the server sees the whole request later. */
  | { readonly type: 'late'; readonly until: Promise<void> }
  | { readonly type: 'delay'; readonly milliseconds: number }
  /** `close`: the connection ends with the answer. */
  | { readonly type: 'body'; readonly change: BodyChange; readonly close?: boolean }
  /** As `body`, of the request. */
  | { readonly type: 'upload'; readonly change: BodyChange };

export interface Rule {
  readonly when: (request: ProxiedRequest) => boolean;
  /** How many requests it strikes; all where it is absent. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface HttpProxyOptions {
  /** Of the server behind it, `http://127.0.0.1:9000`. */
  readonly target: () => string;
  /** Files; with them the proxy speaks TLS on both sides. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** A proxy before a real HTTP server, which does to chosen requests what the rules say. Listens on 127.0.0.1. */
export class HttpProxy {
  readonly #server: http.Server;
  readonly #agent: http.Agent;
  readonly #options: HttpProxyOptions;
  readonly #sockets = new Set<Socket>();
  readonly #hanging = new Set<http.IncomingMessage>();
  #rules: { readonly rule: Rule; left: number }[] = [];
  /** What the server answered to requests that it saw late. */
  readonly late: (number | 'broken')[] = [];
  /** Requests taken, by what `count` of the caller says of them. */
  readonly requests: (ProxiedRequest & { readonly at: number })[] = [];

  private constructor(options: HttpProxyOptions) {
    this.#options = options;
    const handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      void this.#handle(request, response);
    };
    const { tls } = options;
    if (tls === undefined) {
      this.#server = http.createServer(handle);
      this.#agent = new http.Agent({ keepAlive: true });
    } else {
      this.#server = https.createServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, handle);
      this.#agent = new https.Agent({ keepAlive: true, ca: readFileSync(tls.ca) });
    }
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.requestTimeout = 0;
  }

  static async start(options: HttpProxyOptions): Promise<HttpProxy> {
    const proxy = new HttpProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** The first rule that is meant strikes. @returns how often it has struck */
  add(rule: Rule): () => number {
    const times = rule.times ?? Number.POSITIVE_INFINITY;
    const entry = { rule, left: times };
    let struck = 0;
    this.#rules.push({
      rule,
      get left() {
        return entry.left;
      },
      set left(left: number) {
        struck++;
        entry.left = left;
      },
    });
    return () => struck;
  }

  /** No request is struck any more; what hangs is broken off. */
  clear(): void {
    this.#rules = [];
    for (const request of this.#hanging) request.socket.destroy();
    this.#hanging.clear();
  }

  /** Breaks every connection off that is open. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.breakAll();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const { authorization = '' } = request.headers;
    this.requests.push({ at: Date.now(), method, url, authorization });
    const entry = this.#rules.find(({ rule, left }) => left > 0 && rule.when({ method, url, authorization }));
    if (entry !== undefined) entry.left -= 1;
    const fault = entry?.rule.fault;
    switch (fault?.type) {
      case 'answer':
        request.resume();
        // The body is read first: a server that answers an upload early would be another fault.
        request.on('end', () => {
          response.writeHead(fault.status, fault.headers ?? {});
          response.end(fault.body ?? '');
        });
        return;
      case 'reset':
        request.socket.destroy();
        return;
      case 'hang':
        this.#hanging.add(request);
        return;
      case 'late':
        await this.#forwardLate(request, fault.until);
        return;
      case 'delay':
        await new Promise((r) => setTimeout(r, fault.milliseconds));
        break;
    }
    this.#forward(request, response, fault);
  }

  async #forwardLate(request: http.IncomingMessage, until: Promise<void>): Promise<void> {
    const body = await buffer(request);
    request.socket.destroy();
    await until;
    const { method, url: path, headers } = request;
    const upstream = this.#upstream({ method, path, headers });
    upstream.on('error', () => this.late.push('broken'));
    upstream.on('response', (answer) => {
      this.late.push(answer.statusCode ?? 0);
      answer.resume();
    });
    upstream.end(body);
  }

  #upstream(request: Pick<http.RequestOptions, 'method' | 'path' | 'headers'>): http.ClientRequest {
    const { hostname, port, protocol } = new URL(this.#options.target());
    const send = protocol === 'https:' ? https.request : http.request;
    return send({ hostname, port, agent: this.#agent, ...request });
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse, fault: Fault | undefined): void {
    const { method, url: path, headers } = request;
    const upstream = this.#upstream({ method, path, headers });
    const abandon = (): void => {
      upstream.destroy();
      request.socket.destroy();
    };
    upstream.on('error', abandon);
    response.on('close', () => upstream.destroy());
    upstream.on('response', (answer) => {
      if (fault?.type === 'lose-answer') {
        answer.resume();
        answer.on('end', abandon);
        return;
      }
      answer.on('error', abandon);
      answer.on('aborted', abandon);
      if (fault?.type !== 'body') {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        return;
      }
      const { 'content-length': _, ...rest } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, fault.close === true ? { ...rest, connection: 'close' } : rest);
      response.flushHeaders();
      void this.#change(fault.change(answer as AsyncIterable<Buffer>), response).catch(abandon);
    });
    if (fault?.type === 'upload') void this.#change(fault.change(request), upstream).catch(abandon);
    else request.pipe(upstream);
  }

  async #change(body: AsyncIterable<Buffer>, to: http.ServerResponse | http.ClientRequest): Promise<void> {
    for await (const chunk of body) {
      if (!to.write(chunk)) await drained(to);
      if (to.destroyed) return;
    }
    to.end();
  }
}

async function drained(to: http.ServerResponse | http.ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
}
