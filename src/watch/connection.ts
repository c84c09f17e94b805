import { ByteWriter } from '../model/byte-writer.ts';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { ApiResponse } from './api-client.ts';
import { unixMicros } from './clock.ts';
import { BATCH_BYTES, type Split, Splitter } from './splitter.ts';

/** Where this much has come, it is handed over at once; less waits for the end of the event loop's turn. */
const EAGER_BYTES = 64 * 1024;
const SMALL_PAGE = 16 * 1024;

/** What a connection tells its driver. */
export interface ConnectionEvents {
  bytes(count: number): void;
  /** Something can be taken with `next`, or the connection is over (`outcome`). */
  ready(connection: Connection): void;
}

export type Outcome = { readonly type: 'ended' } | { readonly type: 'failed'; readonly error: WatershardError };

/** One request of a stream and the body of its answer, cut into frames or kept whole. */
export class Connection {
  readonly kind: 'watch' | 'page';
  readonly #doing: string;
  readonly #events: ConnectionEvents;
  readonly #controller = new AbortController();
  readonly #splitter = new Splitter();
  /** Of a page what was read of it; put together as it comes, since there is one for each socket's reads to land in. */
  readonly #page: ByteWriter;
  #body: ApiResponse['body'] | undefined;
  #scheduled = false;
  /** Bytes that were read and not told of. */
  #unreported = 0;
  /** Bytes that came since something was last handed over, or tried to be. */
  #since = 0;
  /** When something was read last, or reading began again: milliseconds of performance.now(). */
  touchedAt = performance.now();
  /** When the last byte was read: Unix time, microseconds. */
  observedAt = 0;
  /** How it ended; what was read before may still wait. */
  outcome: Outcome | undefined;

  /** @param pageBytes how long a page is expected to be */
  constructor(kind: 'watch' | 'page', doing: string, events: ConnectionEvents, pageBytes = SMALL_PAGE) {
    this.kind = kind;
    this.#page = new ByteWriter(kind === 'page' ? pageBytes : 0);
    this.#doing = doing;
    this.#events = events;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  attach(answer: ApiResponse): void {
    this.#body = answer.body;
    this.touchedAt = performance.now();
    answer.body.into({
      data: (chunk) => this.#read(chunk),
      end: () => this.#over({ type: 'ended' }),
      failed: (cause) => this.#broken(cause),
    });
  }

  /** Bytes that were read and not taken. */
  get pending(): number {
    return this.#splitter.pending;
  }

  next(): Split | undefined {
    return this.#splitter.next();
  }

  /** The whole body of a page that has ended, in a buffer of its own. */
  takePage(): Uint8Array<ArrayBuffer> {
    const { length } = this.#page;
    return new Uint8Array(this.#page.give(0), 0, length);
  }

  /** Does not read from the socket until `resume`. */
  pause(): void {
    this.#body?.pause();
  }

  resume(): void {
    this.touchedAt = performance.now();
    this.#body?.resume();
  }

  abort(): void {
    this.#controller.abort();
  }

  /**
   * Called for each chunk of the response, of which an API server makes one an event. Its memory is not given back: Node reads
   * from a TLS socket several times into one buffer.
   */
  #read(chunk: Buffer): void {
    this.#unreported += chunk.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.touchedAt = performance.now();
      this.observedAt = unixMicros();
      setImmediate(this.#turnEnded);
    }
    if (this.kind === 'page') {
      this.#page.bytes(chunk);
      return;
    }
    this.#splitter.push(chunk);
    this.#since += chunk.length;
    // a whole batch before more comes, for which its buffer would have to grow
    if (this.#since < EAGER_BYTES && this.#splitter.pending < BATCH_BYTES) return;
    this.#since = 0;
    this.#events.ready(this);
  }

  readonly #turnEnded = (): void => {
    this.#scheduled = false;
    this.#report();
    this.#events.ready(this);
  };

  #report(): void {
    if (this.#unreported > 0) this.#events.bytes(this.#unreported);
    this.#unreported = 0;
  }

  #broken(cause: Error): void {
    if (this.outcome !== undefined) return;
    this.#over({
      type: 'failed',
      error: new WatershardError('API_UNREACHABLE', `${this.#doing}: ${errorMessage(cause)}`, { cause }),
    });
  }

  #over(outcome: Outcome): void {
    this.#report();
    this.outcome ??= outcome;
    this.#events.ready(this);
  }
}
