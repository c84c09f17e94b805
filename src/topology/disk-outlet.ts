import type { DiskBuffer, DiskBufferEvents, LossReason } from '../buffer/disk-buffer.ts';
import type { Batch, Exporter, Health } from '../exporters/exporter.ts';
import type { WatershardError } from '../model/errors.ts';
import { laneBytes } from '../model/lane.ts';
import type { Stream } from '../model/resource.ts';
import type { BufferStatus } from '../model/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { AckTimes } from './ack-times.ts';
import type { Outlet, OutletOptions } from './outlet.ts';

/** Bytes that the exporter itself may hold: what it can make use of, and what is sent twice after a crash at most. */
const FORWARDED = 8 * 2 ** 20;

/** Which batch of a stream's run this is. */
export interface BufferedBatch {
  readonly stream: string;
  readonly incarnation: number;
  readonly sequence: number;
}

/** What stands beside the lane in the buffer: all that makes a batch of it again, in this process or the next. */
interface Head extends Omit<Batch, 'lane' | 'records'> {}

interface Forwarded {
  readonly sequence: number;
  /** In the buffer. */
  readonly number: number;
  readonly bytes: number;
  readonly records: number;
  /** Monotonic time, milliseconds. */
  readonly at: number;
}

/**
 * The way to an optional exporter with a buffer on disk. Every batch goes through the buffer, and on to the exporter in the
 * order in which it came, over all streams, incarnations and processes.
 *
 * Invariant: what a committed position has passed is acknowledged by the exporter, in the buffer, or counted as dropped.
 * So a position waits for the disk (not for the sink), and a stream that begins again may take back only what it has not
 * committed. What the exporter was given stays with it: it is sent again, with the same ids.
 *
 * For the exporter a stream never begins again, as batches of former incarnations are still to be stored: it sees one
 * incarnation of each, with sequences that are counted here.
 */
export class DiskOutlet implements Outlet {
  readonly name: string;
  readonly type: string;
  readonly required = false;
  readonly awaited = true;
  readonly cuts = false;
  readonly exporter: Exporter;
  readonly lane: number;
  readonly ackTimes = new AckTimes();
  readonly #options: OutletOptions;
  readonly #buffer: DiskBuffer<BufferedBatch>;
  readonly #metrics: Metrics;
  readonly #share: number;
  readonly #streams = new Map<string, { sequence: number; readonly forwarded: Forwarded[] }>();
  #forwardedBytes = 0;
  #acknowledged = 0;
  /** The incarnation of each stream, and up to where that is committed. */
  readonly #runs = new Map<string, { readonly incarnation: number; committed: number }>();
  /** What of a former incarnation is sent again: behind `after`, up to number `until` of the buffer. */
  #void: (BufferedBatch & { readonly until: number })[] = [];
  /** What is up to here was left by an earlier process. */
  readonly #inherited: number;
  #draining = false;

  constructor(
    exporter: Exporter,
    lane: number,
    options: OutletOptions,
    buffer: DiskBuffer<BufferedBatch>,
    metrics: Metrics,
  ) {
    this.exporter = exporter;
    this.name = options.name;
    this.type = options.type;
    this.lane = lane;
    this.#options = options;
    this.#buffer = buffer;
    this.#metrics = metrics;
    this.#inherited = buffer.appended;
    this.#share = Math.min(FORWARDED, options.buffer.bytes / 4);
  }

  get pendingBytes(): number {
    return this.#buffer.bytes;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get buffer(): BufferStatus {
    const { bytes, records, diskBytes } = this.#buffer;
    return { type: 'disk', bytes, records, limit: this.#options.buffer.bytes, diskBytes };
  }

  health(): Health {
    const health = this.exporter.health();
    const { trouble } = this.#buffer;
    if (trouble === undefined) return health;
    const { code, message, remedy } = trouble;
    const own = `${message} (${code}: ${remedy})`;
    return {
      ok: false,
      detail: health.detail === undefined ? own : `${health.detail}; ${own}`,
      error: health.error ?? { code, message, remedy, at: Date.now() },
    };
  }

  open(stream: Stream, incarnation: number): void {
    const run = this.#runs.get(stream.id);
    if (run !== undefined) {
      const { incarnation, committed: sequence } = run;
      this.#void.push({ stream: stream.id, incarnation, sequence, until: this.#buffer.appended });
    }
    this.#runs.set(stream.id, { incarnation, committed: 0 });
  }

  committed(stream: string, sequence: number): void {
    const run = this.#runs.get(stream);
    if (run !== undefined) run.committed = sequence;
  }

  write({ lane, records, stream, incarnation, sequence, table }: Batch): void {
    const head: Head = { stream, incarnation, sequence, table };
    const tag = { stream: stream.id, incarnation, sequence };
    this.#buffer.append({ records, head: Buffer.from(JSON.stringify(head)), body: laneBytes(lane) }, tag);
    this.forward();
  }

  /** Gives the exporter what it has room for. */
  forward(): void {
    // At the end what the disk has waits for the next start.
    while (this.#forwardedBytes < this.#share && (!this.#draining || this.#buffer.trouble !== undefined)) {
      const entry = this.#buffer.next();
      if (entry === undefined) return;
      const { number, records, body } = entry;
      const { stream, incarnation, sequence, table } = JSON.parse(Buffer.from(entry.head).toString()) as Head;
      if (this.#isVoid(number, stream.id, incarnation, sequence)) {
        this.#buffer.ack(number);
        continue;
      }
      let own = this.#streams.get(stream.id);
      if (own === undefined) {
        own = { sequence: 0, forwarded: [] };
        this.#streams.set(stream.id, own);
        this.exporter.open(stream, 1, undefined);
      }
      own.sequence++;
      const bytes = body.length;
      own.forwarded.push({ sequence: own.sequence, number, bytes, records, at: performance.now() });
      this.#forwardedBytes += bytes;
      this.exporter.write({ stream, incarnation: 1, sequence: own.sequence, table, lane: body.buffer, records });
    }
  }

  acked(stream: string, sequence: number): void {
    const forwarded = this.#streams.get(stream)?.forwarded ?? [];
    while (forwarded.length > 0 && forwarded[0]!.sequence <= sequence) {
      const { number, bytes, records, at } = forwarded.shift() as Forwarded;
      this.#forwardedBytes -= bytes;
      this.#acknowledged += records;
      const seconds = (performance.now() - at) / 1000;
      this.#metrics.ackSeconds.observe({ exporter: this.name }, seconds);
      this.ackTimes.observe(seconds);
      this.#buffer.ack(number);
    }
    this.forward();
  }

  /** Never: the buffer answers for what it has. */
  owes(): boolean {
    return false;
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true;
    // A sink that is away is not waited for: the disk keeps what it has not stored.
    if (this.exporter.health().ok || this.#buffer.trouble !== undefined) await this.exporter.drain(signal);
  }

  async close(): Promise<void> {
    await this.exporter.close();
    await this.#buffer.close();
  }

  #isVoid(number: number, stream: string, incarnation: number, sequence: number): boolean {
    if (this.#void.length === 0) return false;
    this.#void = this.#void.filter((v) => v.until >= number);
    return (
      number > this.#inherited &&
      this.#void.some((v) => v.stream === stream && v.incarnation === incarnation && sequence > v.sequence)
    );
  }
}

/** Time between two lines of the log about the same, milliseconds. */
const QUIET = 10_000;

const LOSSES: Readonly<Record<LossReason, string>> = {
  overflow: 'the buffer on disk of an optional exporter is full; records are dropped',
  'buffer-unwritable':
    'records of an optional exporter were in memory only, as its buffer could not be written, and are lost',
  'buffer-damaged': 'a part of the buffer on disk of an optional exporter cannot be read; its records are lost',
  'buffer-outdated':
    'the buffer on disk of an optional exporter was written for another cluster name, type, encoding or subject; its records are not delivered, and its files are in its folder set-aside',
};

/** Counts and logs what a buffer tells of itself. */
export function bufferReports(
  exporter: string,
  metrics: Metrics,
  logger: Logger,
): Omit<DiskBufferEvents<unknown>, 'taken' | 'readable'> {
  const said = new Map<LossReason, number>();
  let troubled = false;
  return {
    lost: (records, reason) => {
      metrics.dropped.inc({ exporter, reason }, records);
      if (Date.now() - (said.get(reason) ?? 0) < QUIET) return;
      said.set(reason, Date.now());
      logger.warn({ exporter, reason, records }, `${LOSSES[reason]}; counted in watershard_records_dropped_total`);
    },
    damaged: (bytes) => {
      metrics.bufferDamaged.inc({ exporter }, bytes);
      logger.warn({ exporter, bytes }, 'a part of the buffer on disk is no record: cut short by a crash, or damaged');
    },
    trouble: (error: WatershardError | undefined) => {
      if (error !== undefined) metrics.bufferErrors.inc({ exporter });
      if (troubled === (error !== undefined)) return;
      troubled = error !== undefined;
      if (error === undefined) logger.info({ exporter }, 'the buffer on disk works again');
      else logger.warn({ exporter, code: error.code, remedy: error.remedy }, error.message);
    },
  };
}
