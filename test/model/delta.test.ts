import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeltaWriter, readDelta } from '../../src/model/delta.ts';

const change = fc.record({
  key: fc.string({ unit: 'grapheme', maxLength: 100 }).map((s) => s.toWellFormed()),
  value: fc.option(fc.uint8Array({ maxLength: 10_000 }), { nil: undefined }),
});
const read = (packed: ArrayBuffer | Uint8Array) =>
  [...readDelta(packed)].map(({ key, value }) => ({ key, value: value && new Uint8Array(value) }));

test('a delta gives back its changes in order', () => {
  const writer = new DeltaWriter();
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      for (const { key, value } of changes) {
        if (value === undefined) writer.delete(key);
        else writer.put(key, value);
      }
      assert.equal(writer.count, changes.length);
      const packed = writer.finish();
      const expected = changes.map(({ key, value }) => ({ key, value: value && new Uint8Array(value) }));
      assert.deepEqual(read(packed), expected);
      const inside = new Uint8Array(packed.byteLength + 8);
      inside.set(new Uint8Array(packed), 5);
      assert.deepEqual(read(inside.subarray(5, 5 + packed.byteLength)), expected);
      assert.equal(writer.count, 0);
    }),
  );
});

test('an empty value is not a deletion', () => {
  const writer = new DeltaWriter();
  writer.put('/a', new Uint8Array());
  writer.delete('/a');
  assert.deepEqual(read(writer.finish()), [
    { key: '/a', value: new Uint8Array() },
    { key: '/a', value: undefined },
  ]);
});

test('a key that is too long is refused and leaves the delta whole', () => {
  const writer = new DeltaWriter();
  writer.put('/a', Buffer.from('1'));
  assert.throws(() => writer.put('x'.repeat(65_536), new Uint8Array()));
  writer.put('/b', Buffer.from('2'));
  assert.deepEqual(
    read(writer.finish()).map((c) => c.key),
    ['/a', '/b'],
  );
});
