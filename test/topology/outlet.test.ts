import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Batch, Exporter } from '../../src/exporters/exporter.ts';
import { LaneWriter } from '../../src/model/lane.ts';
import type { Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { MemoryOutlet } from '../../src/topology/outlet.ts';

const stream = (id: string): Stream => ({
  id,
  resource: { group: '', version: 'v1', kind: id, resource: id, namespaced: true },
  metadataOnly: false,
});

/** An exporter that acknowledges nothing, and the batches it was given. */
function standingStill(): { exporter: Exporter; given: Batch[] } {
  const given: Batch[] = [];
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
    open: () => undefined,
    write: (batch) => given.push(batch),
    cut: () => undefined,
    committed: () => undefined,
    drain: nothing,
    close: nothing,
    health: () => ({ ok: true }),
    status: () => ({}),
  };
  return { exporter, given };
}

function batch(of: Stream, sequence: number, records: number): Batch {
  const lane = new LaneWriter();
  for (let i = 0; i < records; i++)
    lane.append('subject', `k${i}`, `id-${sequence}-${i}`, 'CREATED', Buffer.alloc(1000));
  return { stream: of, incarnation: 1, sequence, table: 'changes', lane: lane.finish(), records };
}

async function dropped(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.dropped.get();
  return Object.fromEntries(values.map((v) => [String(v.labels.reason), v.value]));
}

function optional(bytes: number, overflow: 'drop-newest' | 'drop-oldest') {
  const metrics = createMetrics();
  const { exporter, given } = standingStill();
  const options = { name: 'e', type: 'jetstream', required: false, buffer: { bytes, overflow } };
  return { metrics, given, outlet: new MemoryOutlet(exporter, 0, options, metrics, createLogger('silent')) };
}

describe('the way to an optional exporter', () => {
  test('drop-newest keeps what came first, drop-oldest what came last, and each record that goes is counted', async () => {
    const pods = stream('pods');
    for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
      const { outlet, given, metrics } = optional(25_000, overflow);
      for (let i = 1; i <= 10; i++) outlet.write(batch(pods, i, 5)); // about 5 kB each
      assert.ok(outlet.pendingBytes <= 25_000);
      for (let at = 0; at < given.length; at++) outlet.acked('pods', given[at]!.sequence);
      assert.equal(outlet.pendingBytes, 0);
      const kept = given.map((b) => b.sequence);
      if (overflow === 'drop-newest') assert.deepEqual(kept, [1, 2, 3, 4]);
      else assert.deepEqual(kept, [1, 2, 3, 10]); // what the exporter has cannot be taken back
      assert.equal(outlet.acknowledged, 20);
      assert.deepEqual(await dropped(metrics), { overflow: 30 });
    }
  });

  test('a stream that begins again: what is committed and not stored is lost, and counted; the rest is sent again', async () => {
    const [pods, secrets] = [stream('pods'), stream('secrets')];
    const { outlet, metrics } = optional(20_000, 'drop-newest');
    outlet.write(batch(pods, 1, 5));
    outlet.write(batch(pods, 2, 4));
    outlet.write(batch(secrets, 1, 3));
    outlet.write(batch(pods, 3, 2)); // waits, and is not committed
    outlet.acked('pods', 1);
    outlet.committed('pods', 2);
    outlet.open(pods, 2, undefined);
    assert.deepEqual(await dropped(metrics), { restart: 4 });
    outlet.open(pods, 3, undefined);
    assert.deepEqual(await dropped(metrics), { restart: 4 }, 'counted once');
    outlet.acked('secrets', 1);
    assert.equal(outlet.pendingBytes, 0);
  });
});
