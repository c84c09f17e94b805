import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ShardStatus, StatusReport } from '../../src/model/status.ts';
import { type StatusChange, StatusChanges } from '../../src/ops/status-changes.ts';

const BASE: StatusReport = {
  version: '0.1.0',
  cluster: { name: 'demo', uid: 'u', server: 's' },
  startedAt: 1,
  ready: true,
  reasons: [],
  state: { kind: 'memory', epoch: 'e' },
  credits: { inFlight: 0, limit: 1 },
  streams: [],
  shards: [],
  exporters: [],
  totals: { records: 0, bytes: 0 },
  errors: [],
  history: { records: [1, 2, 3], bytes: [1, 2, 3], lagSeconds: [0, 0, 0], inFlight: [0, 0, 0] },
};

function shard(index: number, records: number): ShardStatus {
  return { index, records, queueBytes: 0, batches: 0, restarts: 0 };
}

test('what did not change is not told', () => {
  const changes = new StatusChanges();
  const streams = Array.from({ length: 300 }, (_, i) => ({
    id: `gadgets${i}.example.com`,
    resource: `gadgets${i}.example.com`,
    state: 'watching',
    since: 1,
    shard: 0,
    synced: true,
    resourceVersion: '5',
    knownObjects: 2,
    records: 3,
    lagSeconds: 0,
  }));
  const first = changes.next({ ...BASE, streams }, 1);
  assert.equal(first.streams?.length, 300);
  assert.equal('history' in first, false);
  assert.deepEqual(changes.next({ ...BASE, streams }, 2), { now: 2 });
  const busy = streams.map((s) => (s.id === 'gadgets7.example.com' ? { ...s, records: 4 } : s));
  const totals = { records: 901, bytes: 1 };
  assert.deepEqual(changes.next({ ...BASE, streams: busy, totals }, 3), {
    now: 3,
    totals,
    streams: [{ id: 'gadgets7.example.com', records: 4 }],
  });
});

test('what has gone is named, and told again when it comes back', () => {
  const changes = new StatusChanges();
  changes.next({ ...BASE, shards: [shard(0, 1), shard(1, 1)] }, 1);
  assert.deepEqual(changes.next({ ...BASE, shards: [shard(0, 1)] }, 2), { now: 2, gone: { shards: [1] } });
  assert.deepEqual(changes.next({ ...BASE, shards: [shard(0, 1), shard(1, 1)] }, 3), { now: 3, shards: [shard(1, 1)] });
});

test('a part that is no longer in the report is named too', () => {
  const changes = new StatusChanges();
  changes.next({ ...BASE, config: { hash: 'a' } } as StatusReport, 1);
  assert.deepEqual(changes.next(BASE, 2), { now: 2, gone: { parts: ['config'] } });
});

test('a field that an entry has no more is null', () => {
  const changes = new StatusChanges();
  const exporter = {
    name: 'bus',
    type: 'nats',
    required: true,
    ok: true,
    acknowledged: 0,
    pendingBytes: 0,
    ackTimes: [],
    status: {},
  };
  changes.next({ ...BASE, exporters: [{ ...exporter, ok: false, detail: 'it is away' }] }, 1);
  assert.deepEqual(changes.next({ ...BASE, exporters: [exporter] }, 2), {
    now: 2,
    exporters: [{ name: 'bus', ok: true, detail: null }],
  });
});

/** As the page does it. */
function applied(shards: Map<number, Partial<ShardStatus>>, change: StatusChange): void {
  for (const s of change.shards ?? [])
    shards.set(s.index as number, { ...shards.get(s.index as number), ...(s as Partial<ShardStatus>) });
  for (const key of change.gone?.shards ?? []) shards.delete(key as number);
}

test('changes add up to the reports, whatever comes and goes', () => {
  const reports = fc.array(fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.nat(3)));
  fc.assert(
    fc.property(reports, (list) => {
      const changes = new StatusChanges();
      const seen = new Map<number, Partial<ShardStatus>>();
      for (const [i, report] of list.entries()) {
        const shards = Object.entries(report).map(([index, records]) => shard(Number(index), records));
        applied(seen, changes.next({ ...BASE, shards }, i));
        assert.deepEqual(
          [...seen.values()].sort((a, b) => a.index! - b.index!),
          shards.sort((a, b) => a.index - b.index),
        );
      }
    }),
  );
});
