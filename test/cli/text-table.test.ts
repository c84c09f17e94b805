import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, textTable, valueText } from '../../src/cli/text-table.ts';

test('columns stand beside one another', () => {
  assert.equal(
    textTable(
      ['name', 'n'],
      [
        ['web-0', '1'],
        ['a', '200'],
      ],
    ),
    'name   n\n─────  ───\nweb-0  1\na      200',
  );
  assert.equal(textTable(['name'], []), 'name\n────');
});

test('the widest columns are cut until the table fits', () => {
  const text = textTable(
    ['id', 'object'],
    [
      ['1', 'x'.repeat(100)],
      ['2', 'one\nline'],
    ],
    30,
  );
  const lines = text.split('\n');
  assert.ok(
    lines.every((line) => line.length <= 30),
    text,
  );
  assert.equal(lines[2], `1   ${'x'.repeat(25)}…`);
  assert.equal(lines[3], '2   one line');
  const narrow = textTable(['a', 'b'], [['y'.repeat(50), 'z'.repeat(50)]], 4);
  assert.equal(narrow.split('\n')[2], `${'y'.repeat(7)}…  ${'z'.repeat(7)}…`);
});

test('values are text, and CSV quotes what has to be', () => {
  assert.deepEqual(['a', 1, null, true, { a: [1] }].map(valueText), ['a', '1', '', 'true', '{"a":[1]}']);
  assert.equal(csvLine(['a', 'b,c', 'say "x"', 'two\nlines', '']), 'a,"b,c","say ""x""","two\nlines",\r\n');
});
