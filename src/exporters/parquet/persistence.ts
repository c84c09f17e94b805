import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';
import { backoffDelay } from '../backoff.ts';
import type { ExporterContext, Health } from '../exporter.ts';
import type { FileStore } from './store.ts';

/** Requests to the store at the same time; one that waits for its next attempt does not count. */
const AT_ONCE = 4;

/** Requests to the store, repeated until they succeed, a few at a time; knows whether the store is well. */
export class Persistence {
  readonly #store: FileStore;
  readonly #context: ExporterContext;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #trouble: WatershardError | undefined;

  constructor(store: FileStore, context: ExporterContext) {
    this.#store = store;
    this.#context = context;
    context.metrics.connected.set({ exporter: context.name }, 0);
  }

  /**
   * Repeats the request until it succeeds. One that is under way is waited for, whatever the signal says: it could still
   * take effect.
   * @throws the signal's reason, where it is aborted before the request has succeeded
   */
  async until<T>(request: (store: FileStore) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures++) {
      await this.#enter();
      try {
        signal.throwIfAborted();
        await this.#context.confirm();
        const answer = await request(this.#store);
        this.#well();
        return answer;
      } catch (e) {
        if (signal.aborted) throw signal.reason;
        this.#unwell(e);
      } finally {
        this.#leave();
      }
      await delay(backoffDelay(failures), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  health(): Health {
    if (this.#trouble === undefined) return { ok: true };
    return { ok: false, detail: `${this.#trouble.code}: ${this.#trouble.message}. ${this.#trouble.remedy}` };
  }

  close(): void {
    this.#store.close();
  }

  #well(): void {
    const { name, logger, metrics } = this.#context;
    metrics.connected.set({ exporter: name }, 1);
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    logger.info({ exporter: name }, 'files are stored again');
  }

  #unwell(e: unknown): void {
    const { name, logger, metrics } = this.#context;
    const error = e instanceof WatershardError ? e : new WatershardError('INTERNAL', errorMessage(e), { cause: e });
    const code: ErrorCode = error.code;
    metrics.retries.inc({ exporter: name, reason: code });
    metrics.connected.set({ exporter: name }, 0);
    if (this.#trouble?.code !== code) logger.warn({ exporter: name, code, remedy: error.remedy }, error.message);
    this.#trouble = error;
  }

  async #enter(): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
  }

  /** Hands the place to the next, if one waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next();
    else this.#running--;
  }
}
