import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('every claim of SECURITY.md names tests that there are', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const rows = read('SECURITY.md')
    .split('\n')
    .filter((line) => line.includes('`test/'));
  assert.ok(rows.length >= 18);
  for (const row of rows) {
    let tests = 0;
    for (const [, path, titles] of row.matchAll(/`(test\/[^`]+)`: ((?:\*[^*]+\*(?:, )?)+)/g)) {
      const source = read(path as string);
      for (const [, title] of (titles as string).matchAll(/\*([^*]+)\*/g)) {
        tests++;
        assert.ok(source.includes(`test('${title}'`), `${path} has no test '${title}'`);
      }
    }
    assert.ok(tests > 0, row);
  }
});
