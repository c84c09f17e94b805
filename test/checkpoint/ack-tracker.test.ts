import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AckTracker, type TrackedBatch, type TrackedExporter } from '../../src/checkpoint/ack-tracker.ts';
import { fuzz } from '../support/fuzz.ts';

const BUS = { name: 'bus', cuts: false };
const LAKE = { name: 'lake', cuts: true };

/** A batch whose delta holds its sequence, so that a commit can be read back. */
function batch(
  sequence: number,
  resourceVersion: string,
  recipients: readonly string[],
  more: Partial<TrackedBatch> = {},
): TrackedBatch {
  return {
    sequence,
    resourceVersion,
    deltas: [new Uint32Array([sequence]).buffer],
    bytes: 10,
    observedAt: sequence * 1000,
    recipients,
    ...more,
  };
}
const sequences = (deltas: readonly ArrayBuffer[]): number[] => deltas.map((d) => new Uint32Array(d)[0] as number);

test('only what every required exporter has acknowledged may be committed', () => {
  const tracker = new AckTracker([BUS, { name: 'other', cuts: false }], '5');
  tracker.register(batch(1, '10', ['bus', 'other']));
  tracker.register(batch(2, '', ['bus', 'other']));
  tracker.register(batch(3, '30', ['bus', 'other']));
  assert.equal(tracker.committable(), undefined);
  tracker.acked('bus', 3);
  assert.equal(tracker.committable(), undefined);
  assert.equal(tracker.oldestUnacked, 1000);
  tracker.acked('other', 2);
  tracker.acked('other', 1);
  const ready = tracker.committable();
  assert.deepEqual(
    [ready?.sequence, ready?.resourceVersion, ready?.bytes, ready?.oldestObservedAt],
    [2, '10', 20, 1000],
  );
  assert.deepEqual(sequences(ready?.deltas ?? []), [1, 2]);
  tracker.committed(2);
  assert.equal(tracker.committable(), undefined);
  assert.equal(tracker.pendingBytes, 10);
  assert.equal(tracker.oldestUnacked, 3000);
  assert.equal(tracker.uncommitted, true);
  tracker.acked('other', 3);
  assert.equal(tracker.committable()?.resourceVersion, '30');
  tracker.committed(3);
  assert.equal(tracker.uncommitted, false);
  assert.equal(tracker.pendingBytes, 0);
});

test('a batch without records is committed when its turn comes; an empty resourceVersion keeps the one before', () => {
  const tracker = new AckTracker([BUS], '5');
  tracker.register(batch(1, '', ['bus']));
  tracker.register(batch(2, '20', [], { deltas: [new ArrayBuffer(0)] }));
  assert.equal(tracker.committable(), undefined);
  tracker.acked('bus', 1);
  assert.deepEqual(
    { ...tracker.committable(), deltas: 0 },
    { sequence: 2, resourceVersion: '20', deltas: 0, bytes: 20, oldestObservedAt: 1000 },
  );
  assert.deepEqual(sequences(tracker.committable()?.deltas ?? []), [1]);
  tracker.committed(2);
  tracker.register(batch(3, '', []));
  assert.equal(tracker.committable()?.resourceVersion, '20');
});

test('without required exporters everything may be committed at once', () => {
  const tracker = new AckTracker([], '');
  tracker.register(batch(1, '', []));
  assert.deepEqual([tracker.committable()?.sequence, tracker.committable()?.resourceVersion], [1, '']);
});

test('with an exporter that cuts, only a cut is committed', () => {
  const tracker = new AckTracker([BUS, LAKE], '');
  for (let i = 1; i <= 5; i++) tracker.register(batch(i, String(i * 10), ['bus', 'lake']));
  tracker.acked('bus', 5);
  assert.equal(tracker.committable(), undefined);
  tracker.cut(2);
  tracker.cut(4);
  assert.equal(tracker.pendingCut, 4);
  tracker.acked('lake', 2);
  assert.equal(tracker.committable()?.sequence, 2);
  tracker.acked('lake', 4);
  assert.equal(tracker.committable()?.sequence, 4);
  tracker.committed(2);
  assert.deepEqual(sequences(tracker.committable()?.deltas ?? []), [3, 4]);
  tracker.committed(4);
  assert.equal(tracker.pendingCut, undefined);
  assert.equal(tracker.committable(), undefined);
});

test('two exporters with cuts have both to reach the cut, and one behind bounds it', () => {
  const tracker = new AckTracker([BUS, LAKE, { name: 'lake2', cuts: true }], '');
  for (let i = 1; i <= 4; i++) tracker.register(batch(i, String(i), ['bus', 'lake', 'lake2']));
  tracker.cut(2);
  tracker.cut(4);
  tracker.acked('lake', 4);
  tracker.acked('lake2', 4);
  tracker.acked('bus', 3);
  assert.equal(tracker.committable()?.sequence, 2);
});

test('a held batch is committed when it is released, whatever the exporters say; releases come in any order', () => {
  const tracker = new AckTracker([BUS], '5');
  tracker.register(batch(1, '10', ['bus']));
  tracker.register(batch(2, '20', [], { held: true }));
  tracker.register(batch(3, '30', ['bus'], { held: true }));
  tracker.register(batch(4, '40', []));
  tracker.acked('bus', 3);
  assert.equal(tracker.committable()?.sequence, 1);
  assert.equal(tracker.oldestUnacked, 2000);
  assert.throws(() => tracker.committed(2), { code: 'INTERNAL' });
  tracker.released(3);
  tracker.released(9);
  assert.equal(tracker.committable()?.sequence, 1);
  tracker.released(2);
  assert.equal(tracker.committable()?.resourceVersion, '40');
  assert.equal(tracker.oldestUnacked, undefined);
});

test('a cut behind a held batch is committed when that is released, one before it at once', () => {
  const tracker = new AckTracker([LAKE], '5');
  tracker.register(batch(1, '10', ['lake']));
  tracker.cut(1);
  tracker.register(batch(2, '20', ['lake'], { held: true }));
  tracker.register(batch(3, '30', ['lake']));
  tracker.cut(3);
  tracker.acked('lake', 3);
  assert.equal(tracker.committable()?.sequence, 1);
  tracker.committed(1);
  assert.equal(tracker.pendingCut, 3);
  tracker.released(2);
  assert.equal(tracker.committable()?.sequence, 3);
});

test('an idle stream advances by a cut that costs no file', () => {
  const tracker = new AckTracker([LAKE], '1');
  assert.equal(tracker.cutIsFree, false);
  tracker.register(batch(1, '10', []));
  assert.equal(tracker.cutIsFree, true);
  assert.equal(tracker.committable(), undefined);
  tracker.cut(1);
  assert.equal(tracker.committable()?.resourceVersion, '10');
  tracker.committed(1);
  tracker.register(batch(2, '20', ['lake']));
  tracker.register(batch(3, '30', []));
  assert.equal(tracker.cutIsFree, false);
  tracker.cut(2);
  assert.equal(tracker.cutIsFree, true);
  assert.equal(tracker.committable(), undefined);
});

test('misuse is refused', () => {
  const tracker = new AckTracker([BUS], '');
  assert.throws(() => tracker.register(batch(2, '', [])), { code: 'INTERNAL' });
  assert.throws(() => tracker.register(batch(1, '', ['optional'])), { code: 'INTERNAL' });
  tracker.register(batch(1, '', ['bus']));
  assert.throws(() => tracker.committed(1), { code: 'INTERNAL' });
  assert.throws(() => tracker.cut(2), { code: 'INTERNAL' });
  tracker.acked('unknown', 1);
  assert.equal(tracker.committable(), undefined);
});

const exporters = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), cuts: fc.boolean() }), {
  maxLength: 4,
  selector: (e) => e.name,
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('register' as const),
      to: fc.subarray(['a', 'b', 'c', 'd']),
      moved: fc.boolean(),
      deltas: fc.nat({ max: 2 }),
      held: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('release' as const), at: fc.nat({ max: 40 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('ack' as const),
      exporter: fc.constantFrom('a', 'b', 'c', 'd', 'nobody'),
      at: fc.nat({ max: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('cut' as const), back: fc.nat({ max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('commit' as const) }) },
);

test('whatever the order of acknowledgements and releases, the position never passes one, never goes back, and each delta is committed once in order', () => {
  fc.assert(
    fc.property(exporters, fc.array(step, { maxLength: 80 }), (required: TrackedExporter[], steps) => {
      const tracker = new AckTracker(required, '0');
      const stored = new Map(required.map((e) => [e.name, 0])); // the highest acknowledgement of an exporter
      const given = new Map(required.map((e) => [e.name, [] as number[]]));
      const held = new Set<number>();
      const cuts = new Set<number>();
      const deltas: number[] = []; // every delta registered
      const counts: number[] = [0]; // deltas up to a batch
      const versions: string[] = ['0']; // position after a batch
      const committed: number[] = [];
      let registered = 0;
      let position = 0;
      for (const s of steps) {
        if (s.op === 'register') {
          registered++;
          const to = s.to.filter((name) => stored.has(name));
          for (const name of to) given.get(name)?.push(registered);
          const own = Array.from({ length: s.deltas }, (_, i) => registered * 10 + i);
          deltas.push(...own);
          counts.push(deltas.length);
          versions.push(s.moved ? String(registered) : (versions.at(-1) as string));
          if (s.held) held.add(registered);
          tracker.register(
            batch(registered, s.moved ? String(registered) : '', to, {
              deltas: own.map((n) => new Uint32Array([n]).buffer),
              held: s.held,
            }),
          );
        } else if (s.op === 'release') {
          held.delete(s.at);
          tracker.released(s.at);
        } else if (s.op === 'ack') {
          // An exporter acknowledges only what it was given.
          const at = Math.min(s.at, registered);
          tracker.acked(s.exporter, at);
          if (stored.has(s.exporter)) stored.set(s.exporter, Math.max(stored.get(s.exporter) as number, at));
        } else if (s.op === 'cut') {
          const at = registered - s.back;
          if (at <= 0 || [...cuts].some((c) => c >= at)) continue;
          cuts.add(at);
          tracker.cut(at);
        } else {
          const ready = tracker.committable();
          if (ready === undefined) continue;
          assert.ok(ready.sequence > position, 'it moves forward');
          for (const e of required) {
            const missing: boolean | undefined = given
              .get(e.name)
              ?.some((n: number): boolean => n <= ready.sequence && n > (stored.get(e.name) as number));
            assert.equal(missing, false, `${e.name} has stored all of it`);
          }
          assert.ok(![...held].some((n) => n <= ready.sequence), 'nothing of it is held');
          if (required.some((e) => e.cuts)) assert.ok(cuts.has(ready.sequence), 'it is a cut');
          assert.equal(ready.resourceVersion, versions[ready.sequence]);
          position = ready.sequence;
          committed.push(...sequences(ready.deltas));
          tracker.committed(ready.sequence);
          assert.deepEqual(committed, deltas.slice(0, counts[position]));
        }
        assert.equal(tracker.uncommitted, registered > position);
        assert.equal(tracker.pendingBytes, (registered - position) * 10);
      }
    }),
    fuzz(500),
  );
});
