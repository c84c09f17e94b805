import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeltaWriter } from '../../src/model/delta.ts';
import { FoldPart } from '../../src/state/embedded/fold-part.ts';
import { fuzz } from '../support/fuzz.ts';

interface Change {
  readonly stream: number;
  readonly key: string;
  readonly value: string | null;
}
type Row = readonly [stream: number, key: string, value: string | undefined];

/** Each run of changes of one stream as a delta. */
function deltas(changes: readonly Change[]): { stream: number; delta: Buffer }[] {
  const writer = new DeltaWriter();
  const all: { stream: number; delta: Buffer }[] = [];
  changes.forEach(({ stream, key, value }, i) => {
    if (value === null) writer.delete(key);
    else writer.put(key, Buffer.from(value));
    if (changes[i + 1]?.stream !== stream) all.push({ stream, delta: Buffer.from(writer.finish()) });
  });
  return all;
}

/** Part after part, as a fold does it. */
function parts(changes: readonly Change[], room: number): Row[][] {
  const log = deltas(changes);
  const all: Row[][] = [];
  const part = new FoldPart(room);
  do {
    for (const { stream, delta } of log) part.add(stream, delta);
    part.finish();
    const rows: Row[] = [];
    for (let row = part.take(); row !== undefined; row = part.take())
      rows.push([row.stream, row.key.toString(), row.value?.toString()]);
    all.push(rows);
  } while (part.next());
  part.leave();
  assert.equal(part.take(), undefined);
  return all;
}

/** As SQLite orders integers and blobs. */
function lastOfEach(changes: readonly Change[]): Row[] {
  const last = new Map(changes.map((c) => [JSON.stringify([c.stream, c.key]), c]));
  return [...last.values()]
    .sort((a, b) => a.stream - b.stream || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map(({ stream, key, value }) => [stream, key, value ?? undefined]);
}

// Streams whose number ends in a zero byte; keys that begin alike, are others' beginnings, or hold what fills short ones up.
const stream = fc.constantFrom(1, 2, 255, 256, 65_536);
const key = fc.oneof(
  fc.integer({ max: 300, min: 0 }).map((n) => `team-a/web-${n}`),
  fc.array(fc.constantFrom('a', '\0', 'ab', '/', 'ü', '\u{10ffff}', '\uffee'), { maxLength: 9 }).map((p) => p.join('')),
);
const value = fc.option(fc.string({ maxLength: 30 }), { nil: null });

test('parts are in the order of the keys, with the last change of each', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ stream, key, value }), { maxLength: 400, size: 'max' }),
      fc.integer({ min: 1, max: 4000 }),
      (changes, room) => {
        assert.deepEqual(parts(changes, room).flat(), lastOfEach(changes));
      },
    ),
    fuzz(200),
  );
});

test('a part takes no more than there is room for, however large the log is', () => {
  const changes = Array.from({ length: 5000 }, (_, i) => ({
    stream: 1,
    key: `ns/${(i * 7919) % 3000}`,
    value: 'x'.repeat(90),
  }));
  const all = parts(changes, 20_000);
  assert.ok(all.every((rows) => rows.length * 100 <= 20_000));
  assert.ok(all.length < 30, `${all.length} parts`); // each is filled well
  assert.equal(all.flat().length, 3000);
});

test('a log of few keys is one part, and a change that is larger than a part is in one', () => {
  const often = Array.from({ length: 5000 }, (_, i) => ({ stream: 1, key: `ns/${i % 20}`, value: `${i}` }));
  assert.equal(parts(often, 2000).length, 1);
  const large = [5, 3, 4, 1, 2].map((n) => ({ stream: 1, key: `ns/${n}`, value: `${n}`.repeat(1000) }));
  assert.deepEqual(parts(large, 500).flat(), lastOfEach(large));
});

test('keys that change often, and end where others go on', () => {
  const keys = ['/abc', '/abc\0', '/abc\0\0', '/abcd', '/abcde', '/ab', ''];
  const changes = Array.from({ length: 2000 }, (_, i) => ({ stream: 256, key: keys[i % keys.length]!, value: `${i}` }));
  assert.deepEqual(parts(changes, 100_000).flat(), lastOfEach(changes));
});
