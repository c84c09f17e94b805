import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_MEMORY, giveMemory, takeMemory } from '../../src/model/batch-memory.ts';
import { ByteWriter } from '../../src/model/byte-writer.ts';

/** The memory of a batch that is marked, given back and taken again. */
function markOf(memory: Buffer): number {
  return memory.readUInt32LE(BATCH_MEMORY - 4);
}

function marked(mark: number): Buffer<ArrayBuffer> {
  const memory = takeMemory(BATCH_MEMORY);
  memory.writeUInt32LE(mark, BATCH_MEMORY - 4);
  return memory;
}

test('memory that is given back is taken again, and who had it before sees none of it', () => {
  const before = marked(0xcafe);
  const view = before.subarray(0, 100);
  giveMemory(before.buffer);
  assert.equal(before.length, 0);
  assert.equal(view.length, 0);
  const again = takeMemory(BATCH_MEMORY - 1000);
  assert.equal(again.length, BATCH_MEMORY);
  assert.equal(markOf(again), 0xcafe);
  assert.notEqual(markOf(takeMemory(BATCH_MEMORY)), 0xcafe);
});

test('no more is kept than a few, and nothing that is no batch', () => {
  const many = Array.from({ length: 40 }, (_, i) => marked(1000 + i));
  for (const memory of many) giveMemory(memory.buffer);
  assert.ok(many.every((memory) => memory.length === 0));
  const again = Array.from({ length: 40 }, () => takeMemory(BATCH_MEMORY));
  const marks = new Set(again.map(markOf).filter((mark) => mark >= 1000 && mark < 1040));
  assert.equal(marks.size, 8);

  const large = Buffer.allocUnsafeSlow(BATCH_MEMORY * 2);
  giveMemory(large.buffer);
  assert.equal(large.length, 0);
  assert.equal(takeMemory(100).length, 100);
  assert.equal(takeMemory(BATCH_MEMORY + 1).length, BATCH_MEMORY + 1);
});

test('records are written to the memory of a batch before', () => {
  giveMemory(marked(0xbeef).buffer);
  const writer = new ByteWriter(64 * 1024);
  const record = Buffer.alloc(5000, 'x');
  while (writer.length < 450_000) writer.bytes(record);
  assert.ok(writer.view().every((byte) => byte === 0x78));
  const given = writer.give();
  assert.equal(given.byteLength, BATCH_MEMORY);
  assert.equal(markOf(Buffer.from(given)), 0xbeef);
});
