import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDelta } from '../../src/model/delta.ts';
import { KnownLog } from '../../src/state/memory/known-log.ts';
import { delta } from '../support/state-contract.ts';

const LEAST = 10_000;

function known(log: KnownLog): Map<string, string> {
  return new Map([...log.chunks()].flatMap((chunk) => [...readDelta(chunk)]).map((k) => [k.key, String(k.value)]));
}

test('what changes over and over does not add up', () => {
  const log = new KnownLog(LEAST);
  for (let i = 0; i < 10_000; i++) {
    log.append(delta({ [`a/${i % 10}`]: `value ${i}`, [`gone/${i}`]: 'x' }));
    log.append(delta({ [`gone/${i}`]: null }));
    assert.ok(log.byteLength < LEAST, `${log.byteLength} bytes`);
  }
  assert.deepEqual(known(log), new Map(Array.from({ length: 10 }, (_, i) => [`a/${i}`, `value ${9_990 + i}`])));
});

test('what is found by a first list is kept as it came', () => {
  const log = new KnownLog(LEAST);
  const expected = new Map<string, string>();
  let bytes = 0;
  for (let i = 0; i < 10_000; i++) {
    const packed = delta({ [`a/${i}`]: `value ${i}` });
    bytes += packed.byteLength;
    expected.set(`a/${i}`, `value ${i}`);
    log.append(packed);
  }
  assert.equal(log.byteLength, bytes);
  assert.deepEqual(known(log), expected);
});
