import { setTimeout as sleep } from 'node:timers/promises';
import type { WatershardError } from '../../model/errors.ts';
import type { Stream } from '../../model/resource.ts';
import { backoffDelay } from '../backoff.ts';
import { DrainWaiters } from '../drain-waiters.ts';
import type { Batch, Capabilities, Exporter, ExporterContext, Health } from '../exporter.ts';
import { sinkError, Trouble } from '../trouble.ts';
import { FileSink, type LineSink, StdoutSink } from './client.ts';
import type { FileConfig } from './config.ts';
import { type Lines, nextLines, type OpenBatch, openBatch } from './request.ts';

/** Bytes of lines that are written and synced together: bounds the copy, and makes a sync worth its cost. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Appends lines of JSON to a file, or to the standard output. One writer, so the order is that of the batches. */
export class FileExporter implements Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #context: ExporterContext;
  readonly #trouble: Trouble;
  readonly #path: string;
  readonly #sink: LineSink;
  readonly #incarnations = new Map<string, number>();
  readonly #queue: OpenBatch[] = [];
  readonly #ending = new AbortController();
  readonly #drained = new DrainWaiters();
  #state: 'starting' | 'open' | 'broken' | 'closed' = 'starting';
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #acked = 0;

  constructor(config: FileConfig, context: ExporterContext, capabilities: Capabilities, sink?: LineSink) {
    this.name = context.name;
    const stdout = config.path === '-';
    this.capabilities = stdout ? { ...capabilities, acknowledges: false } : capabilities;
    this.#context = context;
    this.#trouble = new Trouble(context);
    this.#path = config.path;
    this.#sink =
      sink ??
      (stdout
        ? new StdoutSink()
        : new FileSink(config.path, (bytes) =>
            context.logger.warn(
              { exporter: this.name, path: config.path, bytes },
              'an unfinished last line was cut off',
            ),
          ));
  }

  async start(signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      try {
        await this.#sink.open();
        break;
      } catch (e) {
        const error = sinkError(this.name, e);
        if (error.class === 'configuration') throw error;
        this.#report(error);
        await sleep(backoffDelay(++failures), undefined, { signal: AbortSignal.any([signal, this.#ending.signal]) });
      }
    }
    if (this.#state === 'closed') return;
    this.#state = 'open';
    this.#recovered();
    this.#run();
  }

  open(stream: Stream, incarnation: number): void {
    this.#incarnations.set(stream.id, incarnation);
  }

  write(batch: Batch): void {
    const current = this.#incarnations.get(batch.stream.id);
    if (current === undefined || batch.incarnation > current)
      this.#incarnations.set(batch.stream.id, batch.incarnation);
    this.#queue.push(openBatch(batch));
    this.#run();
  }

  cut(): void {
    // Every batch is acknowledged by itself: a cut has no meaning here.
  }

  committed(): void {
    // Nothing is named after positions here.
  }

  async drain(signal: AbortSignal): Promise<void> {
    if (this.#queue.length === 0 || this.#state === 'broken' || signal.aborted) return;
    await this.#drained.wait(signal);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#state = 'closed';
      this.#ending.abort();
      this.#release();
      await this.#writing;
      await this.#sink.close();
      this.#context.metrics.connected.set({ exporter: this.name }, 0);
    })();
    return this.#closing;
  }

  health(): Health {
    if (this.#state === 'closed') return { ok: false, detail: 'closed' };
    const { health } = this.#trouble;
    if (health !== undefined) return health;
    return this.#state === 'starting' ? { ok: false, detail: 'opening' } : { ok: true };
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    const queued = this.#queue.reduce((sum, { reader, at }) => sum + reader.count - at, 0);
    return { path: this.#path, state: this.#state, queued, acked: this.#acked };
  }

  /** Writes until the queue is empty; one at a time. */
  #run(): void {
    if (this.#state !== 'open' || this.#writing !== undefined) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#queue.length === 0 || this.#state !== 'open') this.#release();
      else this.#run();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#state === 'open' && this.#queue.length > 0) {
      this.#dropVoid();
      const lines = nextLines(this.#queue, CHUNK_BYTES);
      if (lines.records > 0 && !(await this.#store(lines))) return;
      this.#stored(lines);
    }
  }

  /** Tries until the lines are stored. @returns false where the exporter ended before */
  async #store(lines: Lines): Promise<boolean> {
    for (let failures = 0; this.#state === 'open'; ) {
      try {
        await this.#sink.append(lines.bytes);
        this.#recovered();
        return true;
      } catch (e) {
        const error = sinkError(this.name, e);
        this.#report(error);
        if (!this.#sink.retryable) {
          this.#state = 'broken';
          break;
        }
        this.#context.metrics.retries.inc({ exporter: this.name, reason: error.code });
        await this.#pause(backoffDelay(++failures));
      }
    }
    return false;
  }

  #stored({ ends, records, bytes }: Lines): void {
    const { metrics, events } = this.#context;
    metrics.records.inc({ exporter: this.name }, records);
    metrics.bytes.inc({ exporter: this.name }, bytes.length);
    this.#acked += records;
    const batches = this.#queue.slice(0, ends.length);
    batches.forEach((batch, i) => {
      batch.at = ends[i] as number;
    });
    const whole = batches.filter((batch) => batch.at === batch.reader.count);
    this.#queue.splice(0, whole.length);
    for (const { stream, incarnation, sequence } of whole) {
      if (incarnation === this.#incarnations.get(stream)) events.acked(stream, incarnation, sequence);
    }
  }

  /** What belongs to a stream that has begun again is sent again by it. */
  #dropVoid(): void {
    const kept = this.#queue.filter(({ stream, incarnation }) => incarnation === this.#incarnations.get(stream));
    if (kept.length < this.#queue.length) this.#queue.splice(0, this.#queue.length, ...kept);
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#ending.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#ending.signal.addEventListener('abort', done);
    });
  }

  #release(): void {
    this.#drained.wake();
  }

  #report(error: WatershardError): void {
    this.#trouble.report(error);
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
  }

  #recovered(): void {
    this.#trouble.end();
    this.#context.metrics.connected.set({ exporter: this.name }, 1);
  }
}
