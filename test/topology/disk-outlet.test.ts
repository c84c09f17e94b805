import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DiskBuffer } from '../../src/buffer/disk-buffer.ts';
import type { Batch, Exporter } from '../../src/exporters/exporter.ts';
import { LaneReader } from '../../src/model/lane.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type BufferedBatch, bufferReports, DiskOutlet } from '../../src/topology/disk-outlet.ts';
import { MemoryStorage } from '../buffer/memory-storage.ts';
import { makeBatch, PODS } from '../support/batches.ts';
import { until } from '../support/until.ts';

const BYTES = 2 ** 20;

/** An outlet on a buffer, to an exporter that acknowledges what the test says. */
class Probe {
  readonly given: Batch[] = [];
  readonly opened: number[] = [];
  readonly taken: BufferedBatch[] = [];
  readonly metrics = createMetrics();
  healthy = true;
  drains = 0;
  outlet!: DiskOutlet;

  static async open(storage: MemoryStorage): Promise<Probe> {
    const probe = new Probe();
    const nothing = async (): Promise<void> => undefined;
    const exporter: Exporter = {
      name: 'e',
      capabilities: {
        acknowledges: true,
        deduplicates: 'by-id',
        ordered: true,
        cuts: false,
        encodings: ['json'],
        idIn: '',
        limit: '',
      },
      start: nothing,
      open: (_, incarnation) => probe.opened.push(incarnation),
      write: (batch) => probe.given.push(batch),
      cut: () => undefined,
      committed: () => undefined,
      drain: async () => {
        probe.drains++;
      },
      close: nothing,
      health: () => (probe.healthy ? { ok: true } : { ok: false, detail: 'away' }),
      status: () => ({}),
    };
    const options = {
      name: 'e',
      type: 'jetstream',
      required: false,
      buffer: { bytes: BYTES, overflow: 'drop-newest' },
    } as const;
    const buffer = await DiskBuffer.open<BufferedBatch>(
      storage,
      {
        name: 'e',
        bytes: BYTES,
        segmentBytes: BYTES / 16,
        overflow: 'drop-newest',
        fingerprint: 'f',
        cursorInterval: 1,
      },
      {
        ...bufferReports('e', probe.metrics, createLogger('silent')),
        taken: (batch) => probe.taken.push(batch),
        readable: () => probe.outlet.forward(),
      },
    );
    probe.outlet = new DiskOutlet(exporter, 0, options, buffer, probe.metrics);
    probe.outlet.forward();
    return probe;
  }

  write(incarnation: number, sequence: number, versions: readonly number[], padding = 0): void {
    const payload = Buffer.alloc(padding, 'x');
    const records = versions.map((version) => ({ name: 'a', version, ...(padding === 0 ? {} : { payload }) }));
    this.outlet.write(makeBatch({ incarnation, sequence, records }));
  }

  /** Versions that the exporter was given, in order. */
  get versions(): number[] {
    return this.given.flatMap(({ lane }) => {
      const reader = new LaneReader(lane);
      return Array.from({ length: reader.count }, (_, i) => Number(reader.at(i).id.split(':')[1]));
    });
  }

  ackAll(): void {
    for (let at = 0; at < this.given.length; at++) this.outlet.acked('pods', this.given[at]!.sequence);
  }
}

describe('the way to an optional exporter with a buffer on disk', () => {
  test('a batch is taken over when it is on the disk, and the exporter is not waited for', async () => {
    const storage = new MemoryStorage();
    const probe = await Probe.open(storage);
    probe.outlet.open(PODS, 7);
    probe.write(7, 1, [1]);
    assert.equal(probe.given.length, 1, 'the exporter has it at once');
    assert.deepEqual(probe.taken, []);
    await until('it is taken', () => probe.taken.length === 1);
    assert.deepEqual(probe.taken, [{ stream: 'pods', incarnation: 7, sequence: 1 }]);
    assert.ok(storage.bytes > 0);
    assert.equal(probe.outlet.acknowledged, 0);
    assert.ok(probe.outlet.pendingBytes > 0);
  });

  test('what was in the memory behind a batch does not get to the disk', async () => {
    const storage = new MemoryStorage();
    const probe = await Probe.open(storage);
    probe.outlet.open(PODS, 1);
    const batch = makeBatch({ incarnation: 1, sequence: 1, records: [{ name: 'a', version: 1 }] });
    // A lane may be longer than what is in it (model/lane.ts).
    const lane = Buffer.alloc(batch.lane.byteLength + 500, 'hunter2');
    lane.set(new Uint8Array(batch.lane));
    probe.outlet.write({ ...batch, lane: lane.buffer });
    await until('it is taken', () => probe.taken.length === 1);
    assert.ok(storage.bytes > 0);
    for (const bytes of storage.files.values()) assert.equal(Buffer.from(bytes).includes('hunter2'), false);
    assert.deepEqual(probe.versions, [1]);
  });

  test('a stream that begins again takes back what it has not committed, and nothing else', async () => {
    const probe = await Probe.open(new MemoryStorage());
    probe.outlet.open(PODS, 1);
    // The exporter is given its share; what stands behind that waits on the disk.
    for (let v = 1; v <= 10; v++) probe.write(1, v, [v], 60_000);
    await until('all is taken', () => probe.taken.length === 10);
    const share = probe.given.length;
    assert.ok(share < 8);
    probe.outlet.committed('pods', 8);
    probe.outlet.open(PODS, 2);
    probe.write(2, 1, [9]);
    probe.write(2, 2, [10]);
    await until('all is delivered', () => {
      probe.ackAll();
      return probe.outlet.pendingBytes === 0;
    });
    const delivered = probe.given.map((b) => (b.lane.byteLength > 50_000 ? 'large' : 'small'));
    assert.deepEqual(delivered, [...Array.from({ length: 8 }, () => 'large'), 'small', 'small']);
    assert.deepEqual(probe.opened, [1], 'for the exporter the stream goes on');
    assert.deepEqual(
      probe.given.map((b) => [b.incarnation, b.sequence]),
      probe.given.map((_, i) => [1, i + 1]),
    );
    assert.equal(probe.outlet.acknowledged, 10);
    assert.deepEqual((await probe.metrics.dropped.get()).values, []);
  });

  test('a crash: what was taken is delivered by the next process, before what comes then; its commits take nothing back', async () => {
    let storage = new MemoryStorage();
    let probe = await Probe.open(storage);
    probe.outlet.open(PODS, 1);
    probe.write(1, 1, [1, 2]);
    probe.write(1, 2, [3]);
    await until('all is taken', () => probe.taken.length === 2);
    storage = storage.crash();
    probe = await Probe.open(storage);
    // The same numbers as in the process before, and it begins again at once.
    probe.outlet.open(PODS, 1);
    probe.outlet.open(PODS, 2);
    probe.write(2, 1, [3, 4]);
    await until('all is given', () => probe.given.length === 3);
    assert.deepEqual(probe.versions, [1, 2, 3, 3, 4]);
    assert.deepEqual(probe.given[0]!.stream, PODS);
    probe.ackAll();
    assert.equal(probe.outlet.pendingBytes, 0);
  });

  test('at the end a sink that is away is not waited for, and one that is there is', async () => {
    const probe = await Probe.open(new MemoryStorage());
    await probe.outlet.drain(AbortSignal.timeout(1000));
    assert.equal(probe.drains, 1);
    probe.healthy = false;
    await probe.outlet.drain(AbortSignal.timeout(1000));
    assert.equal(probe.drains, 1);
  });

  test('a disk in trouble is said in the health of the exporter, and counted', async () => {
    const storage = new MemoryStorage();
    const probe = await Probe.open(storage);
    storage.fault = new Error('input/output error');
    probe.outlet.open(PODS, 1);
    probe.write(1, 1, [1]);
    await until('nothing waits', () => probe.taken.length === 1);
    const { ok, detail } = probe.outlet.health();
    assert.equal(ok, false);
    assert.match(detail ?? '', /input\/output error \(BUFFER_UNWRITABLE: Make room/);
    assert.ok((await probe.metrics.bufferErrors.get()).values[0]!.value > 0);
    probe.ackAll();
    storage.fault = undefined;
    probe.write(1, 2, [2]);
    await until('it is over', () => probe.outlet.health().ok);
  });
});
