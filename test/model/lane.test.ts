import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/model/byte-writer.ts';
import { LaneReader, LaneWriter, laneBytes } from '../../src/model/lane.ts';
import { OPERATIONS } from '../../src/model/record.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 50 }).map((s) => s.toWellFormed());
const entry = fc.record({
  subject: text,
  key: text,
  id: text,
  operation: fc.constantFrom(...OPERATIONS),
  payload: fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 100 }) },
    { weight: 1, arbitrary: fc.nat({ max: 200_000 }).map((n) => new Uint8Array(n).fill(n)) },
  ),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const put = (writer: LaneWriter, e: Entry) => writer.append(e.subject, e.key, e.id, e.operation, e.payload);
function read(packed: ArrayBuffer): Entry[] {
  const reader = new LaneReader(packed);
  assert.equal(reader.byteLength, packed.byteLength);
  return Array.from({ length: reader.count }, (_, i) => {
    const r = reader.at(i);
    return { ...r, payload: new Uint8Array(r.payload) };
  });
}

test('a lane gives back what was put in, batch after batch', () => {
  const writer = new LaneWriter();
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      for (const e of entries) put(writer, e);
      assert.equal(writer.count, entries.length);
      assert.deepEqual(
        read(writer.finish()),
        entries.map((e) => ({ ...e, payload: new Uint8Array(e.payload) })),
      );
      assert.equal(writer.count, 0);
    }),
  );
});

test('what is rolled back is not in the lane', () => {
  fc.assert(
    fc.property(fc.array(entry), fc.array(entry), fc.array(entry), (before, taken, after) => {
      const writer = new LaneWriter();
      for (const e of before) put(writer, e);
      const count = writer.count;
      for (const e of taken) put(writer, e);
      writer.rollback(count);
      for (const e of after) put(writer, e);
      assert.deepEqual(
        read(writer.finish()),
        [...before, ...after].map((e) => ({ ...e, payload: new Uint8Array(e.payload) })),
      );
    }),
  );
});

test('what is in use of a lane is a lane', () => {
  const writer = new LaneWriter();
  const payload = new Uint8Array(1000).fill(7);
  // the second buffer is longer than what is in it, as it was made for as much as the first and an eighth more
  for (let batch = 0; batch < 2; batch++) {
    for (let i = 0; i < 200; i++) writer.append('subject', `key ${i}`, `id ${i}`, 'UPDATED', payload);
    const packed = writer.finish();
    const used = laneBytes(packed);
    assert.ok(batch === 0 || used.length < packed.byteLength);
    const copy = new Uint8Array(used).buffer;
    assert.deepEqual(read(copy), read(packed));
    assert.equal(read(copy).length, 200);
  }
});

test('what was given away leaves no memory behind, until something is written: then as much as before', () => {
  const writer = new ByteWriter();
  writer.bytes(new Uint8Array(400_000));
  assert.ok(writer.give().byteLength >= 400_000);
  assert.equal(writer.buffer.length, 0);
  assert.equal(writer.give().byteLength, 0);
  writer.byte(1);
  assert.ok(writer.buffer.length >= 400_000);
});
