import type { ServerResponse } from 'node:http';
import type { StatusReport } from '../model/status.ts';

/** More listeners than that are refused. */
const LISTENERS = 32;
const PERIOD_MS = 1000;

/** Sends the status once a second as server-sent events; does nothing while nobody listens. */
export class LiveEvents {
  readonly #status: () => StatusReport;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<ServerResponse>();
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
    response.flushHeaders();
    this.#listeners.add(response);
    response.on('close', () => this.#remove(response));
    this.#timer ??= setInterval(() => this.#send(this.#listeners), PERIOD_MS).unref();
    this.#send([response]);
    return true;
  }

  close(): void {
    for (const response of this.#listeners) response.end();
    this.#listeners.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #send(to: Iterable<ServerResponse>): void {
    try {
      const event = `data: ${JSON.stringify({ now: Date.now(), ...this.#status() })}\n\n`;
      // A listener that does not read misses a second rather than filling the memory.
      for (const response of to) if (!response.writableNeedDrain) response.write(event);
    } catch (error) {
      this.#onError(error);
    }
  }

  #remove(response: ServerResponse): void {
    this.#listeners.delete(response);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
