import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pages } from '../../tools/generate-docs.ts';

test('the generated pages are up to date', async () => {
  for (const [path, text] of Object.entries(await pages())) {
    const stored = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.ok(stored === text, `${path} is out of date; run: npm run generate`);
  }
});
