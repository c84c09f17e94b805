import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes, parseDuration } from '../../src/model/units.ts';

test('durations', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    [' 5m ', 300_000],
    ['10', undefined],
    ['', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['5sec', undefined],
    ['s', undefined],
    ['99999999999999d', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
});

test('sizes', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['1048576', 1_048_576],
    ['64MiB', 67_108_864],
    ['64Mi', 67_108_864],
    ['100MB', 100_000_000],
    ['1.5 GiB', 1_610_612_736],
    ['1kb', 1000],
    ['10B', 10],
    ['', undefined],
    ['MiB', undefined],
    ['12 parsecs', undefined],
    ['-1MB', undefined],
    ['9999999TiB', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseBytes(text), expected, text);
});
