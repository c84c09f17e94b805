import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['*.md', 'docs/**/*.md', 'bench/*.md'];

/** As GitHub makes them. */
function anchors(text: string): Set<string> {
  const plain = text.replace(/^```[\s\S]*?^```$/gm, '');
  const found = new Set<string>();
  for (const [, heading] of plain.matchAll(/^#+ +(.*)$/gm)) {
    const slug = (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let name = slug;
    for (let i = 1; found.has(name); i++) name = `${slug}-${i}`;
    found.add(name);
  }
  return found;
}

test('every link between the pages leads somewhere', () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of globSync(PAGES, { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    for (const [, target] of text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target as string)) continue;
      links++;
      const [path, anchor] = (target as string).split('#');
      const file = path === '' ? page : join(dirname(page), path as string);
      if (!existsSync(join(ROOT, file))) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchors(readFileSync(join(ROOT, file), 'utf8')).has(anchor))
        broken.push(`${page}: ${target}, which has no such heading`);
    }
  }
  assert.ok(links > 60);
  assert.deepEqual(broken, []);
});
