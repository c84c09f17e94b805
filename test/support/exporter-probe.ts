import assert from 'node:assert/strict';
import type { Batch, Exporter, ExporterContext, Rejected } from '../../src/exporters/exporter.ts';
import type { FieldColumn } from '../../src/model/field-type.ts';
import type { Position } from '../../src/model/position.ts';
import type { Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { PODS, recordId, recordKey, type TestRecord } from './batches.ts';
import { until } from './until.ts';

/** Milliseconds that a test waits for a sink. */
export const PATIENCE = 20_000;

export interface StoredRecord {
  readonly id: string;
  readonly key: string;
  readonly operation: string;
  readonly payload: Uint8Array;
}

/** A real sink, brought up for one exporter type. */
export interface ExporterHarness {
  up(): Promise<void>;
  down(): Promise<void>;
  /** An empty target for the next test. */
  reset(): Promise<void>;
  /** An exporter of the target; not started. */
  create(context: ExporterContext): Promise<Exporter>;
  /** What a consumer finds, in the order in which it is stored. */
  readBack(): Promise<StoredRecord[]>;
  /** The sink refuses or is away; what it has stored stays. */
  breakSink(): Promise<void>;
  mendSink(): Promise<void>;
  /** The sink ends in the middle of its work and is back at once. Left out where there is no server. */
  crashSink?(): Promise<void>;
  /** Bytes that make a payload too large for the sink; undefined where it takes any. */
  readonly oversize?: number;
  /** Payload of a record in the encoding of this exporter. */
  readonly encode?: (record: TestRecord, stream: Stream) => Uint8Array;
  /** What the exporter needs of its context beside the usual (openThread). */
  readonly context?: Partial<ExporterContext>;
}

interface DrivenStream {
  readonly incarnation: number;
  position: Position | undefined;
  /** Sequence of the last batch, of the last cut, and of the last one that is acknowledged. */
  written: number;
  cut: number;
  acked: number;
  cutting: boolean;
  cutAgain: boolean;
}

/**
 * An exporter with what it told, driven as src/topology/stream-run.ts does: a cut stands behind the last batch that was
 * written, its position is committed once it is acknowledged, and only then the next cut is made.
 */
export class ExporterProbe {
  readonly acks: { stream: string; incarnation: number; sequence: number }[] = [];
  readonly absorbed: { stream: string; incarnation: number; sequence: number }[] = [];
  readonly rejects: Rejected[] = [];
  readonly losses: string[] = [];
  readonly metrics = createMetrics();
  readonly context: ExporterContext;
  exporter!: Exporter;
  /** Off: acknowledged, and then the program ends before its commit. */
  commits = true;
  /** Time of the commits, Unix milliseconds. */
  now: () => number = Date.now;
  /** What a rejected record is answered with. */
  deadLetter: () => Promise<void> | undefined = () => undefined;
  readonly #harness: Pick<ExporterHarness, 'create'>;
  readonly #streams = new Map<string, DrivenStream>();

  constructor(harness: Pick<ExporterHarness, 'create' | 'context'>, overrides: Partial<ExporterContext> = {}) {
    this.#harness = harness;
    this.context = {
      name: 'sink',
      cluster: 'test',
      epoch: 'epoch-1',
      logger: createLogger('silent', false),
      metrics: this.metrics,
      events: {
        acked: (stream, incarnation, sequence) => {
          this.acks.push({ stream, incarnation, sequence });
          const driven = this.#streams.get(stream);
          if (driven?.incarnation !== incarnation) return;
          driven.acked = Math.max(driven.acked, sequence);
          if (this.exporter.capabilities.cuts) setImmediate(() => this.#commit(stream, driven));
        },
        absorbed: (stream, incarnation, sequence) => this.absorbed.push({ stream, incarnation, sequence }),
        cutWanted: (stream) => queueMicrotask(() => this.cut(stream)),
        lost: (stream, reason) => this.losses.push(`${stream}: ${reason}`),
        rejected: (record) => {
          this.rejects.push({ ...record, payload: Uint8Array.from(record.payload) });
          return this.deadLetter();
        },
      },
      confirm: async () => undefined,
      openThread: () => {
        throw new Error('this exporter was not expected to open a thread');
      },
      ...harness.context,
      ...overrides,
    };
  }

  async create(): Promise<Exporter> {
    this.exporter = await this.#harness.create(this.context);
    return this.exporter;
  }

  async start(streams: readonly Stream[] = [PODS], incarnation = 1): Promise<Exporter> {
    await this.create();
    await this.exporter.start(AbortSignal.timeout(PATIENCE));
    for (const stream of streams) this.open(stream, incarnation);
    return this.exporter;
  }

  open(stream: Stream, incarnation: number, position?: Position, fields?: readonly FieldColumn[]): void {
    const nothing = { written: 0, cut: 0, acked: 0, cutting: false, cutAgain: false };
    this.#streams.set(stream.id, { incarnation, position, ...nothing });
    this.exporter.open(stream, incarnation, position, fields);
  }

  /** Writes and, where the exporter wants it, cuts: then every batch may be acknowledged by itself. */
  write(batch: Batch, cut = true): void {
    const driven = this.#streams.get(batch.stream.id);
    if (driven?.incarnation === batch.incarnation) driven.written = batch.sequence;
    this.exporter.write(batch);
    if (cut) this.cut(batch.stream.id);
  }

  cut(stream: string): void {
    const driven = this.#streams.get(stream);
    if (driven === undefined || !this.exporter.capabilities.cuts) return;
    if (driven.cutting) driven.cutAgain = true;
    else if (driven.written > driven.cut) {
      driven.cutting = true;
      driven.cut = driven.written;
      this.exporter.cut(stream, driven.cut);
    }
  }

  /** The last committed one. */
  position(stream: string): Position | undefined {
    return this.#streams.get(stream)?.position;
  }

  lastAck(stream = PODS.id, incarnation?: number): number {
    const current = incarnation ?? this.#streams.get(stream)?.incarnation ?? 1;
    const own = this.acks.filter((a) => a.stream === stream && a.incarnation === current);
    return Math.max(0, ...own.map((a) => a.sequence));
  }

  lastAbsorbed(stream = PODS.id): number {
    return Math.max(0, ...this.absorbed.filter((a) => a.stream === stream).map((a) => a.sequence));
  }

  async acked(sequence: number, stream = PODS.id, incarnation?: number): Promise<void> {
    const detail = (): string =>
      `ack of ${stream} ${sequence}, have ${this.lastAck(stream, incarnation)}; health ${JSON.stringify(this.exporter.health())}`;
    await until(detail, () => this.lastAck(stream, incarnation) >= sequence, 30);
  }

  async metric(name: 'records' | 'duplicates' | 'retries' | 'rejected' | 'claimChecks'): Promise<number> {
    return (await this.metrics[name].get()).values.reduce((sum, v) => sum + v.value, 0);
  }

  #commit(stream: string, driven: DrivenStream): void {
    if (!this.commits || !driven.cutting || driven.acked < driven.cut || this.#streams.get(stream) !== driven) return;
    const sequence = (driven.position?.sequence ?? 0) + 1;
    driven.position = { resourceVersion: String(sequence * 100), sequence, committedAt: this.now(), scope: '|||' };
    driven.cutting = false;
    this.exporter.committed(stream, driven.position);
    if (driven.cutAgain) {
      driven.cutAgain = false;
      this.cut(stream);
    }
  }
}

/** `count` records in batches of `size`, over `keys` names, versions rising by 1 for each name. */
export function recordRun(count: number, keys: number, from = 1): TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `pod-${i % keys}`,
    version: from + Math.floor(i / keys),
    operation: i < keys ? 'CREATED' : 'UPDATED',
  }));
}

/** Each record once, and each key in its order. */
export function assertStored(
  stored: readonly StoredRecord[],
  expected: readonly TestRecord[],
  exactlyOnce: boolean,
): void {
  const have = new Map<string, string[]>();
  for (const { key, id } of stored) have.set(key, [...(have.get(key) ?? []), id]);
  const want = new Map<string, string[]>();
  for (const { name, version } of expected)
    want.set(recordKey(name), [...(want.get(recordKey(name)) ?? []), recordId(name, version)]);
  assert.deepEqual([...have.keys()].sort(), [...want.keys()].sort(), 'the keys');
  for (const [key, ids] of want) {
    const found = have.get(key) ?? [];
    // Where the sink cannot suppress repetitions they may be there, but never an older one after a newer one was seen first.
    assert.deepEqual(exactlyOnce ? found : [...new Set(found)], ids, `the records of ${key}`);
  }
}
