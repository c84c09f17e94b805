import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Batch } from '../../src/exporters/exporter.ts';
import type { Stream } from '../../src/model/resource.ts';
import { makeBatch, PODS, recordId, recordKey, type TestRecord } from './batches.ts';
import {
  assertStored,
  type ExporterHarness,
  ExporterProbe,
  PATIENCE,
  recordRun,
  type StoredRecord,
} from './exporter-probe.ts';
import { until } from './until.ts';

/** What every exporter promises (src/exporters/exporter.ts), on its real sink. */
export function exporterContract(name: string, harness: ExporterHarness): void {
  const batch = (options: Parameters<typeof makeBatch>[0]): Batch =>
    makeBatch({ ...(harness.encode ? { encode: harness.encode } : {}), ...options });
  const probes: ExporterProbe[] = [];
  const newProbe = (): ExporterProbe => {
    const probe = new ExporterProbe(harness);
    probes.push(probe);
    return probe;
  };
  const contract = (title: string, body: () => Promise<void>): void => {
    test(title, async () => {
      await harness.reset();
      try {
        await body();
      } finally {
        await harness.mendSink();
        for (const probe of probes.splice(0)) await probe.exporter?.close();
      }
    });
  };

  describe(`exporter contract: ${name}`, () => {
    before(() => harness.up());
    after(() => harness.down());

    contract('stores what it acknowledges, with identity and payload', async () => {
      const probe = newProbe();
      await probe.start();
      assert.deepEqual(probe.exporter.health(), { ok: true });
      const records: TestRecord[] = [
        { name: 'a', version: 1, operation: 'SNAPSHOT' },
        { name: 'b', version: 2, operation: 'CREATED' },
        { name: 'a', version: 3, operation: 'UPDATED' },
        { name: 'b', version: 4, operation: 'DELETED' },
      ];
      probe.write(batch({ sequence: 1, records }));
      await probe.acked(1);
      const stored = await harness.readBack();
      assertStored(stored, records, true);
      for (const { name: n, version, operation } of records) {
        assert.equal(stored.find((s) => s.id === recordId(n, version))?.operation, operation);
      }
      assert.equal(await probe.metric('records'), 4);
    });

    contract('acknowledges an empty batch in its turn', async () => {
      const probe = newProbe();
      await probe.start();
      probe.write(batch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      probe.write(batch({ sequence: 2, records: [] }));
      await probe.acked(2);
      assert.equal((await harness.readBack()).length, 1);
    });

    contract('acknowledges whole files at cuts only, where it works by cuts', async () => {
      const probe = newProbe();
      await probe.start();
      if (!probe.exporter.capabilities.cuts) return;
      const records = recordRun(30, 6);
      const write = (i: number): void =>
        probe.write(batch({ sequence: i, records: records.slice(i * 10 - 10, i * 10) }), false);
      write(1);
      write(2);
      await until('the batches are encoded', () => probe.lastAbsorbed() === 2);
      assert.equal(probe.lastAck(), 0);
      probe.cut(PODS.id);
      write(3);
      await probe.acked(2);
      await until('the third batch is encoded', () => probe.lastAbsorbed() === 3);
      assert.equal(probe.lastAck(), 2);
      assertStored(await harness.readBack(), records.slice(0, 20), true);
      probe.cut(PODS.id);
      await probe.acked(3);
      assertStored(await harness.readBack(), records, true);
    });

    contract('keeps the order of each key over batches and streams', async () => {
      const probe = newProbe();
      const other: Stream = { ...PODS, id: 'pods@other' };
      await probe.start([PODS, other]);
      const records = recordRun(600, 7);
      const others = recordRun(200, 3, 50_000).map((r) => ({ ...r, name: `other-${r.name}` }));
      for (let i = 0; i < 20; i++) {
        probe.write(batch({ sequence: i + 1, records: records.slice(i * 30, i * 30 + 30) }), i === 19);
        probe.write(batch({ stream: other, sequence: i + 1, records: others.slice(i * 10, i * 10 + 10) }), i === 19);
      }
      await probe.acked(20);
      await probe.acked(20, other.id);
      assertStored(await harness.readBack(), [...records, ...others], true);
      const sequences = probe.acks.filter((a) => a.stream === PODS.id).map((a) => a.sequence);
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
        'acknowledgements rise',
      );
    });

    contract('does not acknowledge while the sink is away, and stores everything when it is back', async () => {
      const probe = newProbe();
      await probe.start();
      probe.write(batch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await probe.acked(1);
      await harness.breakSink();
      const records = recordRun(100, 5, 2);
      for (let i = 0; i < 10; i++) probe.write(batch({ sequence: i + 2, records: records.slice(i * 10, i * 10 + 10) }));
      await until('health tells that the sink is away', () => !probe.exporter.health().ok);
      assert.match(probe.exporter.health().detail ?? '', /EXPORTER_\w+/);
      assert.equal(probe.lastAck(), 1);
      await harness.mendSink();
      await probe.acked(11);
      await until('health is good again', () => probe.exporter.health().ok);
      const { deduplicates } = probe.exporter.capabilities;
      assertStored(await harness.readBack(), [{ name: 'a', version: 1 }, ...records], deduplicates !== 'no');
      assert.equal(await probe.metric('rejected'), 0);
    });

    contract('waits at start for a sink that is away', async () => {
      await harness.breakSink();
      const probe = newProbe();
      await probe.create();
      const started = probe.exporter.start(AbortSignal.timeout(PATIENCE));
      started.catch(() => undefined); // looked at below
      probe.open(PODS, 1);
      probe.write(batch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
      await harness.mendSink();
      await started;
      await probe.acked(1);
      assertStored(await harness.readBack(), [{ name: 'a', version: 1 }], true);
    });

    contract('gives up a start that is aborted', async () => {
      await harness.breakSink();
      const probe = newProbe();
      await probe.create();
      const stop = new AbortController();
      const settled = probe.exporter.start(stop.signal).then(
        () => 'started', // a sink that only fails when written to can be started
        () => 'aborted',
      );
      stop.abort();
      assert.match(await settled, /aborted|started/);
    });

    contract('drains what was written', async () => {
      const probe = newProbe();
      await probe.start();
      const records = recordRun(500, 11);
      for (let i = 0; i < 5; i++)
        probe.write(batch({ sequence: i + 1, records: records.slice(i * 100, i * 100 + 100) }), i === 4);
      await probe.exporter.drain(AbortSignal.timeout(PATIENCE));
      assert.equal(probe.lastAck(), 5);
      assertStored(await harness.readBack(), records, true);
    });

    contract('ends a drain when its time is over', async () => {
      const probe = newProbe();
      await probe.start();
      await harness.breakSink();
      probe.write(batch({ sequence: 1, records: recordRun(50, 50) }));
      await probe.exporter.drain(AbortSignal.timeout(300));
      assert.equal(probe.lastAck(), 0);
    });

    contract('does not count what is left of an older incarnation for the newer one', async () => {
      const probe = newProbe();
      await probe.start();
      await harness.breakSink();
      const records = recordRun(40, 4);
      for (let i = 0; i < 4; i++) probe.write(batch({ sequence: i + 1, records: records.slice(i * 10, i * 10 + 10) }));
      probe.open(PODS, 2);
      probe.write(batch({ incarnation: 2, sequence: 1, records: records.slice(0, 10) }));
      await harness.mendSink();
      await probe.acked(1, PODS.id, 2);
      assert.equal(probe.lastAck(PODS.id, 2), 1);
      const before = probe.acks.length;
      probe.write(batch({ incarnation: 2, sequence: 2, records: records.slice(10) }));
      await probe.acked(2, PODS.id, 2);
      assert.deepEqual(
        probe.acks.slice(before).map((a) => a.incarnation),
        probe.acks.slice(before).map(() => 2),
      );
      assertStored(await harness.readBack(), records, probe.exporter.capabilities.deduplicates !== 'no');
    });

    if (harness.oversize !== undefined) {
      const padding = harness.oversize;
      contract('sets a record aside that is too large, and goes on', async () => {
        const probe = newProbe();
        await probe.start();
        const large = {
          name: 'large',
          version: 2,
          payload: Buffer.from(JSON.stringify({ id: recordId('large', 2), padding: 'x'.repeat(padding) })),
        };
        probe.write(
          batch({
            sequence: 1,
            records: [{ name: 'a', version: 1 }, large, { name: 'a', version: 3 }, { name: 'large', version: 4 }],
          }),
        );
        await probe.acked(1);
        assertStored(
          await harness.readBack(),
          [
            { name: 'a', version: 1 },
            { name: 'a', version: 3 },
            { name: 'large', version: 4 },
          ],
          true,
        );
        assert.deepEqual(
          probe.rejects.map((r) => [r.exporter, r.id, r.key, r.error.code]),
          [['sink', recordId('large', 2), recordKey('large'), 'RECORD_TOO_LARGE']],
        );
        assert.equal(probe.rejects[0]?.payload.length, large.payload.length);
        assert.equal(await probe.metric('rejected'), 1);
        assert.deepEqual(probe.exporter.health(), { ok: true });
      });

      contract(
        'acknowledges a record that was set aside when its dead letter is stored, and lets others pass',
        async () => {
          const probe = newProbe();
          const letter = Promise.withResolvers<void>();
          probe.deadLetter = () => letter.promise;
          const other: Stream = { ...PODS, id: 'pods@other' };
          await probe.start([PODS, other]);
          const large = { name: 'large', version: 1, payload: Buffer.alloc(padding, 'x') };
          probe.write(batch({ sequence: 1, records: [large, { name: 'large', version: 2 }] }));
          probe.write(batch({ stream: other, sequence: 1, records: [{ name: 'a', version: 1 }] }));
          await probe.acked(1, other.id);
          let found: StoredRecord[] = [];
          await until(
            () =>
              `the next record of the object is stored (${JSON.stringify([found.map((r) => r.id), probe.exporter.status()])})`,
            async () => {
              found = await harness.readBack();
              return found.some((r) => r.id === recordId('large', 2));
            },
          );
          assert.equal(probe.lastAck(), 0);
          const drained = probe.exporter.drain(AbortSignal.timeout(PATIENCE));
          letter.resolve();
          await drained;
          await probe.acked(1);
        },
      );
    }

    if (harness.crashSink !== undefined) {
      const crash = harness.crashSink.bind(harness);
      contract('loses and reorders nothing when the sink crashes in the middle', async () => {
        const probe = newProbe();
        await probe.start();
        const records = recordRun(20_000, 997);
        const size = 200;
        const batches = records.length / size;
        let sequence = 0;
        for (let round = 1; round <= 4; round++) {
          for (; sequence < (batches * round) / 4; ) {
            probe.write(
              batch({ sequence: ++sequence, records: records.slice((sequence - 1) * size, sequence * size) }),
              sequence % 5 === 0,
            );
          }
          if (round === 4) break;
          await until(
            () => `the stream is moving: ${JSON.stringify([probe.lastAck(), probe.exporter.health()])}`,
            () => probe.acks.length > 0 && probe.lastAck() > (batches * (round - 1)) / 4,
          );
          await crash();
        }
        await probe.acked(batches);
        assertStored(await harness.readBack(), records, probe.exporter.capabilities.deduplicates !== 'no');
      });
    }

    contract('shows what it holds, and nothing of it after a close that may be repeated', async () => {
      const probe = newProbe();
      await probe.start();
      assert.equal(typeof probe.exporter.status(), 'object');
      await probe.exporter.close();
      await probe.exporter.close();
      assert.equal(probe.exporter.health().ok, false);
    });
  });
}
