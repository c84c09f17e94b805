import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkReader } from '../../src/watch/chunk-reader.ts';
import { fuzz } from '../support/fuzz.ts';

/** @param cuts where one read ends and the next begins */
function read(bytes: Buffer, cuts: readonly number[]): { data: string; rest: string | undefined } {
  const data: Buffer[] = [];
  const reader = new ChunkReader((chunk) => data.push(Buffer.from(chunk)));
  const ends = [...cuts, bytes.length];
  let rest: string | undefined;
  for (let i = 0, at = 0; i < ends.length; at = ends[i++]!) {
    const part = bytes.subarray(at, ends[i]);
    if (rest !== undefined) rest += part.toString('latin1');
    else rest = reader.push(part)?.toString('latin1');
  }
  return { data: Buffer.concat(data).toString('latin1'), rest };
}

test('any chunks in any reads come out whole, and the last one is left', () => {
  const chunk = fc.tuple(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 }), fc.boolean(), fc.nat(3));
  const property = fc.property(fc.array(chunk), fc.array(fc.nat(), { maxLength: 20 }), (chunks, points) => {
    const body = chunks.map(([text, isUpper, zeros]) => {
      const length = text.length.toString(16).padStart(zeros, '0');
      return `${isUpper ? length.toUpperCase() : length}\r\n${text}\r\n`;
    });
    const bytes = Buffer.from(`${body.join('')}0\r\n\r\n`, 'latin1');
    const cuts = points.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b);
    assert.deepEqual(read(bytes, cuts), { data: chunks.map(([text]) => text).join(''), rest: '0\r\n\r\n' });
  });
  fc.assert(property, fuzz());
});

test('what is no plain chunk is left from where it begins, wherever the reads end', () => {
  for (const rest of [
    '0\r\nX-Trailer: 1\r\n\r\n',
    '00\r\n\r\n',
    '5;name=value\r\nhello\r\n',
    '05 \r\nhello\r\n',
    '5\nhello\r\n',
    '5\rhello\r\n',
    '\r\nhello',
    'x',
    '12345678\r\nhello',
  ]) {
    const bytes = Buffer.from(`a\r\n0123456789\r\n${rest}`, 'latin1');
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.deepEqual(read(bytes, [cut]), { data: '0123456789', rest }, `${JSON.stringify(rest)}, cut at ${cut}`);
  }
});

test('behind a chunk that is longer than it says nothing is a chunk', () => {
  for (const [behind, rest] of [
    ['5\r\nhello\r\n', '\r5\r\nhello\r\n'],
    ['\r5\r\nhello\r\n', '\r5\r\nhello\r\n'],
  ] as const) {
    const bytes = Buffer.from(`3\r\nabc${behind}`, 'latin1');
    for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(read(bytes, [cut]), { data: 'abc', rest });
  }
});
