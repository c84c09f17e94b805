import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { protos } from '@google-cloud/pubsub';

const { PublishRequest } = protos.google.pubsub.v1;

export interface SeenCall {
  /** `Publish`, `GetTopic` … */
  readonly method: string;
  readonly authorization: string | undefined;
  /** Of a Publish. */
  readonly request: protos.google.pubsub.v1.PublishRequest | undefined;
}

/** A status of gRPC, or a message instead. */
export type Answer = { readonly code: number; readonly message: string } | { readonly body: Uint8Array };

/** Stands before a Pub/Sub server: sees every call, and answers some of them itself. Listens on 127.0.0.1. */
export class PubsubFront {
  readonly calls: SeenCall[] = [];
  /** Undefined where the server is to answer. */
  answer: (call: SeenCall) => Answer | undefined = () => undefined;
  readonly #server: Http2Server;
  readonly #upstream: ClientHttp2Session;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(target: string, tls: { readonly key: Buffer; readonly cert: Buffer } | undefined) {
    this.#upstream = connect(target);
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    this.#server.on('session', (session) => this.#sessions.add(session));
    this.#server.on(
      'stream',
      (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
        void this.#serve(stream, headers).catch(() => stream.close()),
    );
  }

  static async start(target: string, tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<PubsubFront> {
    const front = new PubsubFront(target, tls);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The requests to publish, in the order in which they came. */
  get published(): protos.google.pubsub.v1.PublishRequest[] {
    return this.calls.flatMap(({ request }) => request ?? []);
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#upstream.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const frame = Buffer.concat(chunks);
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    const request = method === 'Publish' ? PublishRequest.decode(frame.subarray(5)) : undefined;
    const call = { method, authorization: headers.authorization, request };
    this.calls.push(call);
    const answer = this.answer(call);
    if (answer === undefined) return this.#forward(stream, headers, frame);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if ('code' in answer) {
      const status = { 'grpc-status': String(answer.code), 'grpc-message': encodeURIComponent(answer.message) };
      stream.respond({ ...head, ...status }, { endStream: true });
      return;
    }
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const length = Buffer.alloc(5);
    length.writeUInt32BE(answer.body.length, 1);
    stream.end(Buffer.concat([length, answer.body]));
  }

  #forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, frame: Buffer): void {
    const upstream = this.#upstream.request({ ...headers, ':scheme': 'http' });
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    upstream.on('response', (head, flags) => {
      const over = (flags & 1) === 1; // END_STREAM: the status is in these headers
      stream.respond(head, over ? { endStream: true } : { waitForTrailers: true });
    });
    upstream.on('trailers', (found) => {
      trailers = found;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    upstream.on('data', (chunk: Buffer) => chunks.push(chunk));
    upstream.on('end', () => !stream.writableEnded && stream.end(Buffer.concat(chunks)));
    upstream.on('error', () => stream.close());
    upstream.end(frame);
  }
}
