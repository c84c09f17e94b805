import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givePiece, PIECE_BYTES, takePiece } from '../../src/model/slab.ts';

test('pieces do not overlap, and what is given back is taken again', () => {
  const pieces = Array.from({ length: 300 }, takePiece);
  for (const [i, piece] of pieces.entries()) {
    assert.equal(piece.length, PIECE_BYTES);
    piece.fill(i & 255);
  }
  for (const [i, piece] of pieces.entries()) assert.ok(piece.every((b) => b === (i & 255)));
  const memories = new Set(pieces.map((p) => p.buffer));
  assert.ok(memories.size < pieces.length / 50, `${memories.size} memories for ${pieces.length} pieces`);
  for (const piece of pieces) givePiece(piece);
  const again = Array.from({ length: 100 }, takePiece);
  assert.ok(again.every((p) => memories.has(p.buffer)));
  // but what nothing was left in has gone back to the system
  assert.equal(new Set(again.map((p) => p.buffer)).size, 1);
  const more = Array.from({ length: 100 }, takePiece);
  assert.ok(more.some((p) => !memories.has(p.buffer)));
  for (const piece of [...again, ...more]) givePiece(piece);
});

test('a piece that is of no slab is left to the collector', () => {
  givePiece(Buffer.allocUnsafeSlow(PIECE_BYTES));
});
