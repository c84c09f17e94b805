import { mkdirSync, writeFileSync } from 'node:fs';
import { page } from './report/page.ts';
import { plots } from './report/plots.ts';
import { readResults } from './report/results.ts';
import { sizing } from './report/sizing.ts';

/** Every generated file, by its path from the repository's root. */
export function reportFiles(): Readonly<Record<string, string>> {
  const results = readResults();
  const images = plots(results);
  return {
    'bench/README.md': page(results, Object.keys(images)),
    'docs/operations/sizing.md': sizing(results),
    ...Object.fromEntries(Object.entries(images).map(([name, text]) => [`bench/plots/${name}`, text])),
  };
}

if (import.meta.main) {
  mkdirSync(new URL('./plots/', import.meta.url), { recursive: true });
  for (const [path, text] of Object.entries(reportFiles())) writeFileSync(new URL(`../${path}`, import.meta.url), text);
}
