import type { Batch, Exporter, ExporterContext } from '../../../src/exporters/exporter.ts';
import { EXPORTERS } from '../../../src/exporters/registry.ts';
import type { Position } from '../../../src/model/position.ts';
import type { Stream } from '../../../src/model/resource.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { OrderedThread } from './ordered-thread.ts';

interface Driven {
  readonly incarnation: number;
  position: Position | undefined;
  written: number;
  cutting: boolean;
  wanted: boolean;
}

/**
 * The topology's part towards an exporter with cuts: cuts at the last batch that was written, commits when that is
 * acknowledged, and cuts again only then.
 */
export class CutDriver {
  readonly #streams = new Map<string, Driven>();
  #exporter: Exporter | undefined;
  #thread: OrderedThread | undefined;
  readonly absorbed = new Map<string, number>();
  /** Time of the commits, Unix milliseconds. */
  now: () => number = Date.now;
  /** Off: acknowledged, and then the program ends before its commit. */
  commits = true;

  context(context: ExporterContext): ExporterContext {
    const { events } = context;
    return {
      ...context,
      openThread: () => {
        this.#thread = new OrderedThread();
        return this.#thread;
      },
      events: {
        ...events,
        cutWanted: (stream) => this.cut(stream),
        absorbed: (stream, incarnation, sequence) => {
          this.absorbed.set(stream, sequence);
          events.absorbed(stream, incarnation, sequence);
        },
        acked: (stream, incarnation, sequence) => {
          events.acked(stream, incarnation, sequence);
          this.#acked(stream, incarnation);
        },
      },
    };
  }

  /** The exporter, with its cuts in order. */
  drive(exporter: Exporter): Exporter {
    this.#exporter = exporter;
    return {
      name: exporter.name,
      capabilities: exporter.capabilities,
      start: (signal) => exporter.start(signal),
      open: (stream: Stream, incarnation, position, fields) => {
        this.#streams.set(stream.id, { incarnation, position, written: 0, cutting: false, wanted: false });
        exporter.open(stream, incarnation, position, fields);
      },
      write: (batch: Batch) => {
        this.#streams.get(batch.stream.id)!.written = batch.sequence;
        exporter.write(batch);
      },
      cut: (stream) => this.cut(stream),
      committed: () => undefined,
      drain: (signal) => exporter.drain(signal),
      close: () => exporter.close(),
      health: () => exporter.health(),
      status: () => exporter.status(),
    };
  }

  cut(id: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (stream.cutting) {
      stream.wanted = true;
      return;
    }
    stream.cutting = true;
    stream.wanted = false;
    this.#exporter?.cut(id, stream.written);
  }

  /** The exporter itself. */
  get raw(): Exporter {
    if (this.#exporter === undefined) throw new Error('drive an exporter first');
    return this.#exporter;
  }

  /** Ends the present encoder thread as a crash would. */
  crashThread(): void {
    this.#thread?.crash();
  }

  position(id: string): Position | undefined {
    return this.#streams.get(id)?.position;
  }

  #acked(id: string, incarnation: number): void {
    const stream = this.#streams.get(id);
    if (stream?.incarnation !== incarnation || !this.commits) return;
    const sequence = (stream.position?.sequence ?? 0) + 1;
    stream.position = { resourceVersion: String(sequence), sequence, committedAt: this.now(), scope: '|||' };
    stream.cutting = false;
    this.#exporter?.committed(id, stream.position);
    if (stream.wanted) this.cut(id);
  }
}

export interface LakeOptions {
  readonly url: string;
  readonly [setting: string]: unknown;
}

/** One run of a Parquet exporter, from its start to its end. */
export class LakeRun {
  readonly driver = new CutDriver();
  readonly metrics = createMetrics();
  readonly lost: string[] = [];
  readonly rejected: string[] = [];
  readonly acks = new Map<string, number>();
  exporter!: Exporter;

  static async start(options: LakeOptions, overrides: Partial<ExporterContext> = {}, wait = true): Promise<LakeRun> {
    const run = new LakeRun();
    const context = run.driver.context({
      name: 'lake',
      cluster: 'demo',
      epoch: 'epoch-1',
      logger: createLogger('silent', false),
      metrics: run.metrics,
      events: {
        acked: (stream, _incarnation, sequence) => run.acks.set(stream, sequence),
        absorbed: () => undefined,
        cutWanted: () => undefined,
        lost: (stream, reason) => run.lost.push(`${stream}: ${reason}`),
        rejected: (record) => run.rejected.push(record.id),
      },
      openThread: () => new OrderedThread(),
    });
    const config = EXPORTERS.parquet.config.parse({ name: 'lake', type: 'parquet', ...options });
    run.exporter = run.driver.drive(await EXPORTERS.parquet.create(config, { ...context, ...overrides }));
    const started = run.exporter.start(AbortSignal.timeout(30_000));
    if (wait) await started;
    else started.catch(() => undefined); // the test looks at health
    return run;
  }
}
