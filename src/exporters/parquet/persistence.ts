import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, WatershardError } from '../../model/errors.ts';
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
  /** Those that wait for their next attempt, and why: the store is well when there is none. */
  readonly #failing = new Map<symbol, { readonly error: WatershardError; readonly at: number }>();

  constructor(store: FileStore, context: ExporterContext) {
    this.#store = store;
    this.#context = context;
    context.metrics.connected.set({ exporter: context.name }, 0);
  }

  /**
   * Waits until the bucket or folder is there.
   * @throws WatershardError of class `configuration` where no waiting can help; the signal's reason, where it is aborted before
   */
  async check(signal: AbortSignal): Promise<void> {
    const fatal = await this.until(async (store) => {
      try {
        await store.check();
        return undefined;
      } catch (e) {
        if (e instanceof WatershardError && e.class === 'configuration') return e;
        throw e;
      }
    }, signal);
    if (fatal !== undefined) throw fatal;
  }

  /**
   * Repeats the request until it succeeds. One that is under way is waited for, whatever the signal says: it could still
   * take effect.
   * @throws the signal's reason, where it is aborted before the request has succeeded
   */
  async until<T>(request: (store: FileStore) => Promise<T>, signal: AbortSignal): Promise<T> {
    const own = Symbol();
    try {
      for (let failures = 1; ; failures++) {
        await this.#enter();
        try {
          signal.throwIfAborted();
          await this.#context.confirm();
          return await request(this.#store);
        } catch (e) {
          if (signal.aborted) throw signal.reason;
          this.#unwell(own, e);
        } finally {
          this.#leave();
        }
        await delay(backoffDelay(failures), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    } finally {
      this.#ended(own, signal);
    }
  }

  health(): Health {
    const [trouble] = this.#failing.values();
    if (trouble === undefined) return { ok: true };
    const { code, message, remedy } = trouble.error;
    const detail = `${code}: ${message.replace(/\.$/, '')}. ${remedy}`;
    return { ok: false, detail, error: { code, message, remedy, at: trouble.at } };
  }

  close(): void {
    this.#store.close();
  }

  /** The request has succeeded, or is not wanted any more. */
  #ended(request: symbol, signal: AbortSignal): void {
    const { name, logger, metrics } = this.#context;
    const failed = this.#failing.delete(request);
    if (this.#failing.size > 0) return;
    if (!signal.aborted) metrics.connected.set({ exporter: name }, 1);
    if (failed) logger.info({ exporter: name }, 'files are stored again');
  }

  #unwell(request: symbol, e: unknown): void {
    const { name, logger, metrics } = this.#context;
    const error = e instanceof WatershardError ? e : new WatershardError('INTERNAL', errorMessage(e), { cause: e });
    const { code, remedy } = error;
    metrics.retries.inc({ exporter: name, reason: code });
    metrics.connected.set({ exporter: name }, 0);
    const known = [...this.#failing.values()].some((trouble) => trouble.error.code === code);
    if (!known) logger.warn({ exporter: name, code, remedy }, error.message);
    this.#failing.set(request, { error, at: Date.now() });
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
