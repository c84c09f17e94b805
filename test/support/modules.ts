import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

export interface Module {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** `import(…)` of something that is no literal, so that it cannot be checked. */
  readonly opaqueImports: number;
}

export interface Import {
  /** `static`: also of types; `url`: new URL('…', import.meta.url). */
  readonly kind: 'static' | 'dynamic' | 'url';
  readonly specifier: string;
  /** Path of a module of this repository; undefined for a package or a module of Node. */
  readonly target: string | undefined;
  /** `zod`, `@nats-io/jetstream`, `node:fs`; undefined for a module of this repository. */
  readonly package: string | undefined;
}

// Declarations stand at the start of a line (the formatter sees to it), so text in strings and comments does not count.
const STATIC = /^(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]/g;
const OPAQUE = /^(?!\s*(?:\*|\/\/)).*\bimport\((?!\s*['"\n])/gm;
const URLS = /\bnew URL\(\s*['"`](\.[^'"`\n]+)['"`]\s*,\s*import\.meta\.url/g;

/** Reads every TypeScript module under the folders; generated code (`gen/`) is left out. */
export function readModules(root: string, folders: readonly string[]): Module[] {
  return folders.flatMap((folder) => listFiles(root, folder)).map((path) => readModule(root, path));
}

export function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name) && !entry.name.endsWith('.d.mts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('/gen/') && !path.includes('/node_modules/'))
    .sort();
}

function readModule(root: string, path: string): Module {
  const text = readFileSync(join(root, path), 'utf8');
  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: importsOf(text, path),
    opaqueImports: [...text.matchAll(OPAQUE)].length,
  };
}

export function importsOf(text: string, path: string): Import[] {
  const all = (pattern: RegExp, kind: Import['kind']) =>
    [...text.matchAll(pattern)].map((m) => toImport(kind, m[1]!, path));
  return [...all(STATIC, 'static'), ...all(DYNAMIC, 'dynamic'), ...all(URLS, 'url')];
}

function toImport(kind: Import['kind'], specifier: string, path: string): Import {
  if (specifier.startsWith('.'))
    return { kind, specifier, target: posix.join(posix.dirname(path), specifier), package: undefined };
  const parts = specifier.split('/');
  const name = specifier.startsWith('node:') ? specifier : parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return { kind, specifier, target: undefined, package: name };
}
