import { setTimeout as sleep } from 'node:timers/promises';
import type { WatershardError } from '../model/errors.ts';
import type { Operation } from '../model/record.ts';
import type { Resource, Stream } from '../model/resource.ts';
import { backoffDelay } from './backoff.ts';
import { DrainWaiters } from './drain-waiters.ts';
import type { Batch, Capabilities, Exporter, ExporterContext, Health } from './exporter.ts';
import type { Filter } from './record-filter.ts';
import { type QueuedRecord, RecordQueue } from './record-queue.ts';
import { type RejectionCode, rejectRecord } from './rejection.ts';
import { sinkError, Trouble } from './trouble.ts';

/**
 * What became of a record: `stored`; `again` for a reason that passes; `smaller` where it was refused together with others
 * and may be taken with fewer; or refused for good.
 */
export type Verdict = 'stored' | 'again' | 'smaller' | { readonly code: RejectionCode; readonly reason: string };

export interface SendResult {
  /** One a record, in their order. A record alone is never `smaller`. */
  readonly verdicts: readonly Verdict[];
  /** Why some are to be sent again. */
  readonly error?: WatershardError;
}

/** A sink that takes some records at a time and says of each what became of it. */
export interface RecordSink {
  /** Connects and checks the target; again after a failure. @throws WatershardError; of class `configuration` where no retry can help */
  open(): Promise<void>;
  /** Sends records in this order. Called again only when it has answered. What it throws concerns all of them. */
  send(records: readonly QueuedRecord[]): Promise<SendResult>;
  /** Lets go of the connections at once; what is being sent fails. */
  close(): Promise<void>;
  status(): Readonly<Record<string, number | string | boolean>>;
}

/** The sink tells of trouble, and of its end, that it meets while it sends. */
export interface SinkEvents {
  trouble(error: WatershardError): void;
  /** The connection broke: it is opened again (`RecordSink.open`) also where nothing is to be sent, so that health tells what is. */
  lost(error: WatershardError): void;
}

export interface QueuedExporterOptions {
  /** Bytes of records that are sent together, about. */
  readonly batchBytes: number;
  readonly batchRecords: number;
  /** The operations that are sent; others, and records without a payload, count as delivered. */
  readonly operations: readonly Operation[];
  /** What else is not sent, by the resource of a stream; counted. */
  readonly filter?: (resource: Resource) => Filter | undefined;
}

/** An exporter over a sink that takes some records at a time: sends, repeats in order what was not stored, acknowledges. */
export class QueuedExporter implements Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #context: ExporterContext;
  readonly #options: QueuedExporterOptions;
  readonly #sink: RecordSink;
  readonly #queue: RecordQueue;
  readonly #operations: ReadonlySet<Operation>;
  /** By stream. */
  readonly #filters = new Map<string, Filter | undefined>();
  readonly #trouble: Trouble;
  readonly #ending = new AbortController();
  readonly #drained = new DrainWaiters();
  #state: 'starting' | 'open' | 'closed' = 'starting';
  #sending = false;
  #reopening = false;
  #acked = 0;

  constructor(
    context: ExporterContext,
    capabilities: Capabilities,
    options: QueuedExporterOptions,
    createSink: (events: SinkEvents) => RecordSink,
  ) {
    this.name = context.name;
    this.capabilities = capabilities;
    this.#context = context;
    this.#options = options;
    this.#operations = new Set(options.operations);
    this.#trouble = new Trouble(context);
    this.#queue = new RecordQueue((batch) => {
      const { metrics, events } = context;
      metrics.records.inc({ exporter: this.name }, batch.stored);
      metrics.bytes.inc({ exporter: this.name }, batch.storedBytes);
      this.#acked += batch.stored;
      if (!batch.void) events.acked(batch.stream, batch.incarnation, batch.sequence);
    });
    this.#sink = createSink({ trouble: (error) => this.#report(error), lost: (error) => this.#lost(error) });
  }

  async start(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#ending.signal]);
    for (let failures = 0; ; ) {
      ended.throwIfAborted();
      try {
        await unlessAborted(this.#sink.open(), ended);
        break;
      } catch (e) {
        ended.throwIfAborted();
        const error = sinkError(this.name, e);
        if (error.class === 'configuration') throw error;
        this.#report(error);
        await sleep(backoffDelay(++failures), undefined, { signal: ended });
      }
    }
    this.#state = 'open';
    this.#recovered();
    this.#run();
  }

  open(stream: Stream, incarnation: number): void {
    this.#queue.open(stream.id, incarnation);
  }

  write(batch: Batch): void {
    this.#queue.add(batch);
    this.#run();
  }

  cut(): void {
    // Every batch is acknowledged by itself: a cut has no meaning here.
  }

  committed(): void {
    // Nothing is named after positions here.
  }

  async drain(signal: AbortSignal): Promise<void> {
    if (this.#queue.idle || this.#state === 'closed' || signal.aborted) return;
    await this.#drained.wait(signal);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#ending.abort();
    this.#drained.wake();
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
    await this.#sink.close();
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
      ...this.#sink.status(),
      queued: this.#queue.queued,
      inFlight: this.#queue.taken,
      acked: this.#acked,
    };
  }

  #run(): void {
    if (this.#state !== 'open' || this.#sending) return;
    this.#sending = true;
    void this.#sendAll().finally(() => {
      this.#sending = false;
      if (this.#state === 'open' && this.#queue.queued > 0) this.#run();
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#state === 'open' && this.#queue.queued > 0) {
      const taken = this.#queue.take(this.#options.batchRecords, this.#options.batchBytes);
      await this.#deliver(taken.filter((record) => !this.#skip(record)));
      if (this.#queue.idle) this.#drained.wake();
    }
    if (this.#queue.idle) this.#drained.wake();
  }

  #skip(record: QueuedRecord): boolean {
    const reason = this.#filterOf(record.batch)?.(record) ?? '';
    if (reason !== '') this.#context.metrics.filtered.inc({ exporter: this.name, reason });
    else if (this.#operations.has(record.operation) && record.payload.length > 0) return false;
    this.#queue.settle(record, false);
    return true;
  }

  #filterOf({ stream, resource }: QueuedRecord['batch']): Filter | undefined {
    const { filter } = this.#options;
    if (filter !== undefined && !this.#filters.has(stream)) this.#filters.set(stream, filter(resource));
    return this.#filters.get(stream);
  }

  /** Until each of them is stored or set aside, or the exporter is closed. */
  async #deliver(records: readonly QueuedRecord[]): Promise<void> {
    let left = records;
    let most = records.length;
    for (let failures = 0; left.length > 0 && this.#state === 'open'; ) {
      const part = left.slice(0, most);
      const { verdicts, error } = await this.#send(part);
      if (this.#state !== 'open') return;
      const again = part.filter((record, i) => this.#isLeft(record, verdicts[i] ?? 'again'));
      left = [...again, ...left.slice(most)];
      if (verdicts.includes('smaller')) most = Math.max(1, Math.floor(part.length / 2));
      if (error === undefined) {
        failures = 0;
        this.#recovered();
        continue;
      }
      this.#report(error);
      this.#context.metrics.retries.inc({ exporter: this.name, reason: error.code });
      // Where some were stored, the sink is there: the delay begins anew.
      failures = verdicts.includes('stored') ? 1 : failures + 1;
      await sleep(backoffDelay(failures), undefined, { signal: this.#ending.signal }).catch(() => undefined);
    }
  }

  async #send(records: readonly QueuedRecord[]): Promise<SendResult> {
    try {
      return await this.#sink.send(records);
    } catch (e) {
      return { verdicts: records.map(() => 'again'), error: sinkError(this.name, e) };
    }
  }

  /** What belongs to a stream that has begun again is sent again by it. */
  #isLeft(record: QueuedRecord, verdict: Verdict): boolean {
    if (verdict === 'again' || verdict === 'smaller') {
      if (!record.batch.void) return true;
      this.#queue.settle(record, false);
    } else if (verdict === 'stored') this.#queue.settle(record, true);
    else {
      const letter = rejectRecord(this.#context, record, verdict.code, verdict.reason);
      if (letter === undefined) this.#queue.settle(record, false);
      else void this.#queue.setAside(record, letter).then(() => this.#queue.idle && this.#drained.wake());
    }
    return false;
  }

  #report(error: WatershardError): void {
    if (this.#state === 'closed') return;
    this.#trouble.report(error);
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
  }

  #lost(error: WatershardError): void {
    this.#report(error);
    if (this.#state !== 'open' || this.#reopening) return;
    this.#reopening = true;
    void this.#reopen().finally(() => {
      this.#reopening = false;
    });
  }

  /** What is being sent opens the connection by itself. */
  async #reopen(): Promise<void> {
    for (let failures = 1; ; failures++) {
      await sleep(backoffDelay(failures), undefined, { signal: this.#ending.signal }).catch(() => undefined);
      if (this.#state !== 'open' || this.#sending) return;
      try {
        await this.#sink.open();
        if (this.#state === 'open' && !this.#sending) this.#recovered();
        return;
      } catch (e) {
        this.#report(sinkError(this.name, e));
      }
    }
  }

  #recovered(): void {
    this.#trouble.end();
    this.#context.metrics.connected.set({ exporter: this.name }, 1);
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
