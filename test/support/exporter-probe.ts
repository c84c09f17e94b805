import assert from 'node:assert/strict';
import type { Batch, Exporter, ExporterContext, Rejected } from '../../src/exporters/exporter.ts';
import type { Position } from '../../src/model/position.ts';
import type { Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { PODS, recordId, recordKey, type TestRecord } from './batches.ts';

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
  /** Milliseconds that a test waits for the sink. */
  readonly patience?: number;
}

/** An exporter with what it told. */
export class ExporterProbe {
  readonly acks: { stream: string; incarnation: number; sequence: number }[] = [];
  readonly absorbed: { stream: string; incarnation: number; sequence: number }[] = [];
  readonly rejects: Rejected[] = [];
  readonly losses: string[] = [];
  readonly metrics = createMetrics();
  readonly context: ExporterContext;
  exporter!: Exporter;
  readonly #harness: Pick<ExporterHarness, 'create'>;
  readonly #patience: number;
  readonly #written = new Map<string, number>();
  #commits = 0;

  constructor(
    harness: Pick<ExporterHarness, 'create' | 'context' | 'patience'>,
    overrides: Partial<ExporterContext> = {},
  ) {
    this.#harness = harness;
    this.#patience = harness.patience ?? 20_000;
    this.context = {
      name: 'sink',
      cluster: 'test',
      epoch: 'epoch-1',
      logger: createLogger('silent', false),
      metrics: this.metrics,
      events: {
        acked: (stream, incarnation, sequence) => {
          this.acks.push({ stream, incarnation, sequence });
          if (this.exporter.capabilities.cuts)
            setImmediate(() => this.exporter.committed(stream, positionAt(++this.#commits)));
        },
        absorbed: (stream, incarnation, sequence) => this.absorbed.push({ stream, incarnation, sequence }),
        cutWanted: (stream) => this.cut(stream),
        lost: (stream, reason) => this.losses.push(`${stream}: ${reason}`),
        rejected: (record) => this.rejects.push({ ...record, payload: Uint8Array.from(record.payload) }),
      },
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
    await this.exporter.start(AbortSignal.timeout(this.#patience));
    for (const stream of streams) this.exporter.open(stream, incarnation, undefined);
    return this.exporter;
  }

  /** Writes and, where the exporter wants it, cuts: then every batch may be acknowledged by itself. */
  write(batch: Batch, cut = true): void {
    this.exporter.write(batch);
    this.#written.set(batch.stream.id, batch.sequence);
    if (cut) this.cut(batch.stream.id);
  }

  cut(stream: string): void {
    const sequence = this.#written.get(stream);
    if (this.exporter.capabilities.cuts && sequence !== undefined) this.exporter.cut(stream, sequence);
  }

  lastAck(stream = PODS.id, incarnation = 1): number {
    return Math.max(
      0,
      ...this.acks.filter((a) => a.stream === stream && a.incarnation === incarnation).map((a) => a.sequence),
    );
  }

  async acked(sequence: number, stream = PODS.id, incarnation = 1): Promise<void> {
    const detail = (): string =>
      `ack of ${stream} ${incarnation}/${sequence}, have ${this.lastAck(stream, incarnation)}; health ${JSON.stringify(this.exporter.health())}`;
    await until(() => this.lastAck(stream, incarnation) >= sequence, detail, this.#patience);
  }

  async metric(name: 'records' | 'duplicates' | 'retries' | 'rejected'): Promise<number> {
    return (await this.metrics[name].get()).values.reduce((sum, v) => sum + v.value, 0);
  }
}

/** Polls until the condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  milliseconds = 20_000,
): Promise<void> {
  for (const deadline = Date.now() + milliseconds; !(await condition()); ) {
    if (Date.now() > deadline) assert.fail(`not in time: ${typeof what === 'string' ? what : what()}`);
    await new Promise((r) => setTimeout(r, 10));
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

function positionAt(sequence: number): Position {
  return { resourceVersion: String(sequence * 100), sequence, committedAt: 0, scope: '|||' };
}
