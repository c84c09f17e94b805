import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareResourceVersions } from '../../src/model/position.ts';

test('decimal resourceVersions of any length compare as numbers', () => {
  const version = fc.bigInt({ min: 1n, max: 10n ** 60n });
  fc.assert(
    fc.property(version, version, (a, b) => {
      const expected = a < b ? -1 : a > b ? 1 : 0;
      assert.equal(Math.sign(compareResourceVersions(String(a), String(b)) as number), expected);
    }),
  );
  assert.ok((compareResourceVersions('9', '10') as number) < 0);
  assert.ok((compareResourceVersions('9007199254740993', '9007199254740992') as number) > 0);
});

test('of others only equality is known', () => {
  for (const odd of ['', '0', '01', '-1', '1.0', 'abc', ' 1', '1e3']) {
    assert.equal(compareResourceVersions(odd, '1'), undefined, odd);
    assert.equal(compareResourceVersions('1', odd), undefined, odd);
    assert.equal(compareResourceVersions(odd, odd), 0, odd);
  }
});
