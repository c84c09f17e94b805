import type { Dispatcher } from 'undici';
import type { Diversion } from './socket-reads.ts';

type Controller = Dispatcher.DispatchController;

/** What is told of a body: bytes as they come, and then one of the other two. */
export interface BodySink {
  /** @param chunk not to be kept: the next read lands in the same memory (socket-reads.ts) */
  data(chunk: Buffer): void;
  end(): void;
  failed(cause: Error): void;
}

/**
 * The body of an answer, without a stream around it: of an API server each event is a chunk, and a stream costs more for
 * each than all else that reading it costs. Nothing is read before `into` says where to.
 */
export class ResponseBody {
  readonly #controller: Controller;
  /** Where the chunks come from while the library does not see them. */
  #diversion: Diversion | undefined;
  #paused = false;
  #sink: BodySink | undefined;
  /** How it ended before there was a sink; null: well. */
  #over: Error | null | undefined;

  /** @param diversion where its chunks can be read without the library, which takes longer for that than for all else */
  constructor(controller: Controller, diversion?: Diversion) {
    this.#controller = controller;
    this.#diversion = diversion;
    controller.pause();
  }

  into(sink: BodySink): void {
    this.#sink = sink;
    if (this.#over === null) sink.end();
    else if (this.#over !== undefined) sink.failed(this.#over);
    else if (this.#diversion === undefined) this.#controller.resume();
    else this.#diversion.begin((chunk) => this.#sink?.data(chunk), this.#diversionEnds);
  }

  /** What was read already still comes, and at most one read of the socket more, until `resume`. */
  pause(): void {
    this.#paused = true;
    (this.#diversion ?? this.#controller).pause();
  }

  resume(): void {
    this.#paused = false;
    (this.#diversion ?? this.#controller).resume();
  }

  readonly #diversionEnds = (): void => {
    this.#diversion = undefined;
    if (!this.#paused) this.#controller.resume();
  };

  /** Nothing of it is wanted (any more); the connection ends. */
  abandon(): void {
    this.#sink = NOWHERE;
    this.#controller.abort(new Error('the answer is not wanted any more'));
  }

  /** What there is of it as text: all, or what came until more than `limit` bytes had come. Rejects where it breaks off. */
  async text(limit = Number.POSITIVE_INFINITY): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    await new Promise<void>((resolve, reject) =>
      this.into({
        data: (chunk) => {
          chunks.push(Buffer.from(chunk));
          length += chunk.length;
          if (length <= limit) return;
          this.abandon();
          resolve();
        },
        end: resolve,
        failed: reject,
      }),
    );
    return Buffer.concat(chunks).toString('utf8');
  }

  /** For whoever reads the answer. */
  readonly source: BodySink = {
    data: (chunk) => this.#sink?.data(chunk),
    // Once undici has let go of the connection, which the next request may then use.
    end: () =>
      queueMicrotask(() => {
        this.#over ??= null;
        this.#sink?.end();
      }),
    failed: (cause) => {
      this.#over ??= cause;
      this.#sink?.failed(cause);
    },
  };
}

const NOWHERE: BodySink = { data: () => undefined, end: () => undefined, failed: () => undefined };
