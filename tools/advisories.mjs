// What is known against the packages of a lock file, out of a folder of advisories in the OSV format: the npm part of OSV's
// export, unpacked, or a checkout of GitHub's advisory database. https://ossf.github.io/osv-schema/
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @returns a negative number, 0 or a positive one, by the precedence of SemVer 2.0 */
export function compareVersions(a, b) {
  const [x, y] = [a, b].map((version) => {
    const [release, ...pre] = version.split('+')[0].split('-');
    return { release: release.split('.').map(Number), pre: pre.length === 0 ? undefined : pre.join('-').split('.') };
  });
  for (let i = 0; i < 3; i++)
    if ((x.release[i] ?? 0) !== (y.release[i] ?? 0)) return (x.release[i] ?? 0) - (y.release[i] ?? 0);
  if (x.pre === undefined || y.pre === undefined) return Number(x.pre === undefined) - Number(y.pre === undefined);
  for (let i = 0; i < Math.max(x.pre.length, y.pre.length); i++) {
    const [p, q] = [x.pre[i], y.pre[i]];
    if (p === q) continue;
    if (p === undefined || q === undefined) return p === undefined ? -1 : 1;
    const [m, n] = [p, q].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined));
    if (m !== undefined && n !== undefined) return m - n;
    if (m !== undefined || n !== undefined) return m !== undefined ? -1 : 1;
    return p < q ? -1 : 1;
  }
  return 0;
}

/** Whether an entry of `affected` means this version. */
export function affects({ versions = [], ranges = [] }, version) {
  if (versions.includes(version)) return true;
  return ranges
    .filter(({ type }) => type !== 'GIT')
    .some(({ events }) => {
      const of = (event) => event.introduced ?? event.fixed ?? event.last_affected;
      const known = events.filter((event) => of(event) !== undefined);
      // An end at the version of a beginning comes first: what was fixed is affected again.
      const order = (event) => Number(event.introduced !== undefined);
      known.sort((a, b) => compareVersions(of(a), of(b)) || order(a) - order(b));
      let affected = false;
      for (const event of known) {
        const place = compareVersions(of(event), version);
        if (event.introduced !== undefined && place <= 0) affected = true;
        else if (event.fixed !== undefined && place <= 0) affected = false;
        else if (event.last_affected !== undefined && place < 0) affected = false;
      }
      return affected;
    });
}

/** Versions of each package in a lock file, those that are nested included. */
function pinned(lock) {
  const packages = new Map();
  for (const [path, { version, name, link }] of Object.entries(lock.packages)) {
    const at = path.lastIndexOf('node_modules/');
    if (at === -1 || link || version === undefined) continue;
    const known = name ?? path.slice(at + 'node_modules/'.length);
    packages.set(known, (packages.get(known) ?? new Set()).add(version));
  }
  return packages;
}

/** @returns how many advisories about npm the folder holds, and those that mean a version of the lock file */
export function advisoriesIn(folder, lock) {
  const packages = pinned(lock);
  const found = [];
  let read = 0;
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.json')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    // Most of a database is about other ecosystems, and need not be parsed.
    if (!text.includes('"npm"')) continue;
    const { id, aliases = [], summary, details, withdrawn, affected = [], database_specific: more } = JSON.parse(text);
    const about = affected.filter((a) => a.package?.ecosystem === 'npm');
    if (about.length === 0) continue;
    read++;
    if (withdrawn !== undefined) continue;
    const ghsa = [id, ...aliases].find((name) => name.startsWith('GHSA-')) ?? id;
    for (const entry of about)
      for (const version of packages.get(entry.package.name) ?? [])
        if (affects(entry, version)) {
          const title = summary ?? details?.split('\n')[0] ?? '';
          found.push({
            id: ghsa,
            name: `${entry.package.name} ${version}`,
            severity: more?.severity ?? 'unknown',
            title,
          });
        }
  }
  return { read, found };
}
