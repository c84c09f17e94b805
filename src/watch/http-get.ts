import type { Dispatcher } from 'undici';
import { ResponseBody } from './response-body.ts';
import { diversion } from './socket-reads.ts';

type Controller = Dispatcher.DispatchController;
type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Has to be read to its end, or abandoned. */
  readonly body: ResponseBody;
}

export interface HttpGet {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the request, and the body too. */
  readonly signal: AbortSignal;
}

/** Settles when the head of the answer is there. No time limits. */
export function httpGet(dispatcher: Dispatcher, { origin, path, headers, signal }: HttpGet): Promise<HttpAnswer> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(
      { origin, path, method: 'GET', headers, headersTimeout: 0, bodyTimeout: 0 },
      new Handler(signal, resolve, reject),
    );
  });
}

class Handler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (cause: Error) => void;
  #controller: Controller | undefined;
  #body: ResponseBody | undefined;

  constructor(signal: AbortSignal, resolve: (answer: HttpAnswer) => void, reject: (cause: Error) => void) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller?.abort(this.#signal.reason as Error);

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.#abort();
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    if (status < 200) return; // an interim answer
    this.#body = new ResponseBody(controller, headers['transfer-encoding'] === 'chunked' ? diversion() : undefined);
    this.#resolve({ status, headers, body: this.#body });
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#body?.source.data(chunk);
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#body?.source.end();
  }

  onResponseError(_: Controller, cause: Error): void {
    this.#signal.removeEventListener('abort', this.#abort);
    if (this.#body === undefined) this.#reject(cause);
    else this.#body.source.failed(cause);
  }
}
