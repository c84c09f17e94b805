import type { ServerResponse } from 'node:http';
import type { StatusReport } from '../model/status.ts';
import { StatusChanges } from './status-changes.ts';

/** More listeners than that are refused. */
const LISTENERS = 32;
const PERIOD_MS = 1000;
/** When a listener that was cut off comes again. */
const RETRY_MS = 2000;

/**
 * Tells the status as server-sent events: `report` is all of it, once; `change` is what has changed since, once a second. Does
 * nothing while nobody listens.
 */
export class LiveEvents {
  readonly #status: () => StatusReport;
  readonly #onError: (error: unknown) => void;
  /** Each with whether it knows the last report. */
  readonly #listeners = new Map<ServerResponse, boolean>();
  #changes = new StatusChanges();
  /** The last report that was told: who comes between two of them begins with it, so that the next change fits. */
  #last: (StatusReport & { readonly now: number }) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(status: () => StatusReport, onError: (error: unknown) => void) {
    this.#status = status;
    this.#onError = onError;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** @returns false where there are too many listeners */
  add(response: ServerResponse): boolean {
    if (this.#listeners.size >= LISTENERS) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    this.#listeners.set(response, false);
    response.on('close', () => this.#remove(response));
    this.#timer ??= setInterval(() => this.#tell(), PERIOD_MS).unref();
    if (this.#last === undefined) this.#tell();
    else this.#greet(response);
    return true;
  }

  close(): void {
    for (const response of this.#listeners.keys()) response.end();
    this.#listeners.clear();
    this.#rest();
  }

  #tell(): void {
    try {
      const now = Date.now();
      const report = this.#status();
      const change = event('change', this.#changes.next(report, now));
      this.#last = { now, ...report };
      for (const [response, knows] of this.#listeners) {
        // One that does not read misses changes rather than filling the memory, and begins again with a report.
        if (response.writableNeedDrain) this.#listeners.set(response, false);
        else if (knows) response.write(change);
        else this.#greet(response);
      }
    } catch (error) {
      this.#onError(error);
    }
  }

  #greet(response: ServerResponse): void {
    response.write(event('report', this.#last));
    this.#listeners.set(response, true);
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response);
    if (this.#listeners.size === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#last = undefined;
    this.#changes = new StatusChanges();
  }
}

function event(name: 'report' | 'change', data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
