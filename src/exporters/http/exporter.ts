import { setTimeout as sleep } from 'node:timers/promises';
import { WatershardError } from '../../model/errors.ts';
import type { Stream } from '../../model/resource.ts';
import { backoffDelay } from '../backoff.ts';
import { DrainWaiters } from '../drain-waiters.ts';
import type { Batch, Capabilities, Exporter, ExporterContext, Health } from '../exporter.ts';
import { type Filter, streamFilter } from '../record-filter.ts';
import { rejectRecord } from '../rejection.ts';
import { sinkError, Trouble } from '../trouble.ts';
import { type Verdict, verdictOn } from './answer.ts';
import { HttpClient } from './client.ts';
import type { HttpConfig } from './config.ts';
import { Ledger, type Left, type OpenBatch, type Queued } from './ledger.ts';
import { type BodyForm, bodyForm } from './request.ts';

/** Posts batches of records. One request at a time, in the order in which records came, so that the order of each key is kept. */
export class HttpExporter implements Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #config: HttpConfig;
  readonly #context: ExporterContext;
  readonly #trouble: Trouble;
  readonly #client: HttpClient;
  readonly #form: BodyForm;
  readonly #ledger: Ledger;
  readonly #filters = new Map<string, Filter | undefined>();
  readonly #ending = new AbortController();
  readonly #drained = new DrainWaiters();
  #state: 'starting' | 'open' | 'closed' = 'starting';
  #draining = false;
  #sending: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Ends the wait for more records. */
  #wake: (() => void) | undefined;
  /** When the first of the records came that wait for others; monotonic, milliseconds. */
  #since: number | undefined;
  #failures = 0;
  /** So many of the next records were refused together: one of them at least is the reason. */
  #suspects = 0;
  /** What the server takes in one body, learnt from its 413. */
  #most = Number.POSITIVE_INFINITY;
  #acked = 0;
  #filtered = 0;
  #lastStatus = 0;

  constructor(config: HttpConfig, context: ExporterContext, capabilities: Capabilities) {
    this.name = context.name;
    this.capabilities = capabilities;
    this.#config = config;
    this.#context = context;
    this.#trouble = new Trouble(context);
    this.#client = new HttpClient(config);
    this.#form = bodyForm(config);
    this.#ledger = new Ledger(({ stream, incarnation, sequence }) =>
      context.events.acked(stream, incarnation, sequence),
    );
  }

  async start(signal: AbortSignal): Promise<void> {
    const end = AbortSignal.any([signal, this.#ending.signal]);
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      try {
        await this.#client.probe(end);
        break;
      } catch (e) {
        const error = sinkError(this.name, e);
        if (error.class === 'configuration') throw error;
        end.throwIfAborted();
        this.#report(error);
        await sleep(backoffDelay(++failures), undefined, { signal: end });
      }
    }
    if (this.#state === 'closed') return;
    this.#state = 'open';
    this.#recovered();
    this.#run();
  }

  open(stream: Stream, incarnation: number): void {
    this.#ledger.open(stream.id, incarnation);
    if (this.#ledger.idle) this.#drained.wake();
    this.#run();
  }

  write(batch: Batch): void {
    const { stream } = batch;
    if (!this.#filters.has(stream.id)) this.#filters.set(stream.id, streamFilter(this.#config, stream.resource));
    const { batch: open, left } = this.#ledger.add(batch, this.#filters.get(stream.id));
    this.#countFiltered(left);
    if (open.count > 0) this.#since ??= performance.now();
    // Later, since whoever writes may not be ready for an acknowledgement.
    if (open.count === 0) queueMicrotask(() => this.#settle(open, 0));
    this.#run();
  }

  cut(): void {
    // Every batch is acknowledged by itself: a cut has no meaning here.
  }

  committed(): void {
    // Nothing is named after positions here.
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    this.#wake?.();
    if (!this.#ledger.idle && !signal.aborted && this.#state !== 'closed') await this.#drained.wait(signal);
    this.#draining = false;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#state = 'closed';
      this.#ending.abort();
      this.#wake?.();
      this.#drained.wake();
      await this.#sending;
      await this.#client.close();
      this.#context.metrics.connected.set({ exporter: this.name }, 0);
    })();
    return this.#closing;
  }

  health(): Health {
    if (this.#state === 'closed') return { ok: false, detail: 'closed' };
    const { health } = this.#trouble;
    if (health !== undefined) return health;
    return this.#state === 'starting' ? { ok: false, detail: 'connecting' } : { ok: true };
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return {
      state: this.#state,
      server: this.#client.origin,
      queued: this.#ledger.records,
      acked: this.#acked,
      filtered: this.#filtered,
      lastStatus: this.#lastStatus,
    };
  }

  #run(): void {
    this.#wake?.();
    if (this.#state !== 'open' || this.#sending !== undefined || this.#ledger.records === 0) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined;
      this.#run();
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#state === 'open' && this.#ledger.records > 0) {
      await this.#gathered();
      const next = this.#next();
      const [first] = next;
      if (this.#state !== 'open' || first === undefined) continue;
      if (this.#config.oversize === 'reject' && first.payload.length > this.#config.batch.bytes) {
        const reason = `it has ${first.payload.length} bytes, batch.bytes are ${this.#config.batch.bytes}`;
        this.#reject(first, 'RECORD_TOO_LARGE', reason);
      } else await this.#post(next);
    }
  }

  /** Until there are enough records for a request, or the first of them has waited for long enough. */
  async #gathered(): Promise<void> {
    const { records, bytes, interval } = this.#config.batch;
    const until = (this.#since ?? performance.now()) + interval;
    const most = Math.min(records, this.#form.most);
    const isEnough = (): boolean =>
      this.#draining ||
      this.#suspects > 0 ||
      this.#failures > 0 ||
      this.#ledger.records >= most ||
      this.#ledger.bytes >= bytes;
    for (
      let wait = until - performance.now();
      wait > 0 && this.#state === 'open' && !isEnough();
      wait = until - performance.now()
    ) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#since = undefined;
  }

  /** What the next request takes: of records that were refused together, the first half. */
  #next(): Queued[] {
    const { records, bytes } = this.#config.batch;
    const most = this.#suspects > 0 ? Math.ceil(this.#suspects / 2) : records;
    return this.#ledger.peek(Math.min(most, this.#form.most), Math.min(bytes, this.#most));
  }

  async #post(next: readonly Queued[]): Promise<void> {
    const body = this.#form.assemble(next.map(({ payload }) => payload));
    let verdict: Verdict;
    let wait = 0;
    this.#lastStatus = 0;
    try {
      const { status, retryAfter } = await this.#client.post(this.#form.contentType, body, this.#ending.signal);
      this.#lastStatus = status;
      wait = retryAfter;
      verdict = verdictOn(status);
      if (verdict.type === 'again')
        throw new WatershardError(
          verdict.code,
          `exporter ${this.name}, posting to ${this.#client.origin}: ${verdict.reason}`,
        );
    } catch (e) {
      if (this.#state === 'open') await this.#later(sinkError(this.name, e), wait);
      return;
    }
    this.#recovered();
    if (verdict.type === 'stored') this.#stored(next);
    else this.#refused(next, body.length, verdict);
  }

  /** Nothing of the request counts. It is made again, without end, of what waits then. */
  async #later(error: WatershardError, retryAfter: number): Promise<void> {
    this.#report(error);
    const reason = this.#lastStatus >= 300 ? `http-${this.#lastStatus}` : error.code;
    this.#context.metrics.retries.inc({ exporter: this.name, reason });
    const delay = Math.max(backoffDelay(++this.#failures), retryAfter);
    await sleep(delay, undefined, { signal: this.#ending.signal }).catch(() => undefined); // it was closed: the loop sees that
  }

  #stored(next: readonly Queued[]): void {
    const { metrics } = this.#context;
    const bytes = next.reduce((sum, { payload }) => sum + payload.length, 0);
    metrics.records.inc({ exporter: this.name }, next.length);
    metrics.bytes.inc({ exporter: this.name }, bytes);
    this.#acked += next.length;
    this.#suspects = Math.max(0, this.#suspects - next.length);
    this.#ledger.take(next);
    for (const { batch } of next) this.#settle(batch, 1);
  }

  #refused(next: readonly Queued[], bytes: number, { tooLarge, reason }: Extract<Verdict, { type: 'refused' }>): void {
    const [first] = next;
    if (first === undefined) return;
    if (next.length === 1) {
      // Of those that were refused with it the others may be good.
      this.#suspects = 0;
      this.#reject(first, tooLarge ? 'RECORD_TOO_LARGE' : 'RECORD_REJECTED', reason);
      return;
    }
    this.#context.metrics.retries.inc({ exporter: this.name, reason: tooLarge ? 'too-large' : 'split' });
    if (tooLarge) this.#most = Math.floor(bytes / 2);
    else this.#suspects = next.length;
  }

  #reject(record: Queued, code: 'RECORD_TOO_LARGE' | 'RECORD_REJECTED', reason: string): void {
    if (!this.#ledger.isCurrent(record)) return;
    this.#ledger.take([record]);
    const letter = rejectRecord(this.#context, record, code, reason);
    if (letter === undefined) this.#settle(record.batch, 1);
    else void letter.then(() => this.#settle(record.batch, 1));
  }

  #settle(batch: OpenBatch, records: number): void {
    this.#ledger.settle(batch, records);
    if (this.#ledger.idle) this.#drained.wake();
  }

  #countFiltered(left: Left): void {
    for (const [reason, count] of Object.entries(left)) {
      if (count === 0) continue;
      this.#filtered += count;
      this.#context.metrics.filtered.inc({ exporter: this.name, reason }, count);
    }
  }

  #report(error: WatershardError): void {
    this.#trouble.report(error);
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
  }

  #recovered(): void {
    this.#failures = 0;
    this.#trouble.end();
    this.#context.metrics.connected.set({ exporter: this.name }, 1);
  }
}
