import { readFileSync } from 'node:fs';

/** From package.json, which is one folder further away from the built files. */
export function packageVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === 'watershard' && manifest.version !== undefined) return manifest.version;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    }
  }
  return 'unknown';
}
