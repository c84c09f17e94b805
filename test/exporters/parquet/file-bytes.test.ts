import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { compress } from '../../../src/exporters/parquet/compress.ts';
import { FileBytes } from '../../../src/exporters/parquet/file-bytes.ts';

const KIB = 1024;

function randomBytes(length: number): Uint8Array {
  let state = length + 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return state >>> 24;
  });
}

test('a compressed page keeps no more memory than it has bytes, whatever it is made of', () => {
  const shared = Buffer.from('in the pool of small buffers'); // which compression may use, too
  for (const length of [0, 1, 100, 3 * KIB, 5 * KIB, 64 * KIB, 1024 * KIB]) {
    for (const bytes of [randomBytes(length), new Uint8Array(length).fill(7)]) {
      const page = compress(bytes);
      assert.equal(page.buffer.byteLength, page.length, `${length} bytes`);
      assert.deepEqual(new Uint8Array(zstdDecompressSync(page)), bytes);
    }
  }
  assert.equal(shared.toString(), 'in the pool of small buffers');
  assert.equal(Buffer.from('and so are others').toString(), 'and so are others');
});

const CASES = {
  'in pieces to its end': new FileBytes(),
  'standing from its first byte': new FileBytes(0),
  'standing when it has grown': new FileBytes(100 * KIB),
  'moved when it needs more than was reserved': new FileBytes(100 * KIB, 200 * KIB),
};

for (const [name, file] of Object.entries(CASES))
  test(`the bytes of a file are those of its pieces, whose memory is given back: ${name}`, () => {
    const expected: Uint8Array[] = [];
    const given: Uint8Array[] = [];
    for (let i = 0; i < 100; i++) {
      const pieces = [randomBytes(i), randomBytes(8 * KIB), new Uint8Array(0)];
      expected.push(...pieces.map((piece) => piece.slice()));
      given.push(pieces[1]!);
      file.append(pieces);
      assert.equal(file.length, 8 * KIB * (i + 1) + (i * (i + 1)) / 2);
    }
    assert.ok(Buffer.concat(expected).equals(new Uint8Array(file.finish())));
    assert.ok(given.every((piece) => piece.buffer.byteLength === 0));
  });

test('a file is moved to another thread as it stands', () => {
  const file = new FileBytes(0);
  file.append([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  const buffer = file.finish();
  const moved = structuredClone(buffer, { transfer: [buffer] });
  assert.equal(buffer.byteLength, 0);
  assert.deepEqual([...new Uint8Array(moved)], [1, 2, 3]);
});
