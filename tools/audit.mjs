// What is known against the packages of the lock file, asked of the registry; where that does not answer, of a folder of
// advisories in the OSV format. Fails where there is something that nobody has explained.
//
//   node tools/audit.mjs [--advisories FOLDER] [--today YYYY-MM-DD]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { advisoriesIn } from './advisories.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Advisories that do not concern Watershard, by their GHSA id: `{ reason, until }`. From the day `until` (YYYY-MM-DD) on
 * somebody has to look again.
 */
export const EXPLAINED = {
  'GHSA-8988-4f7v-96qf': {
    reason:
      'W3CBaggagePropagator of @opentelemetry/core below 2.8.0 reads headers of any size. Version 1.30 comes with the optional ' +
      'client @google-cloud/pubsub, which has no newer one and uses W3CTraceContextPropagator alone; Watershard reads no message',
    until: '2027-05-26',
  },
};

/** @param answer what `npm audit --json` printed @returns advisories, or undefined where the registry has not answered */
export function registryAdvisories(answer) {
  const report = parse(answer);
  if (report?.vulnerabilities === undefined) return undefined;
  const advisories = Object.values(report.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((via) => typeof via === 'object')
    .map(({ url, name, severity, title }) => ({ id: basename(url), name, severity, title }));
  return [...new Map(advisories.map((a) => [`${a.id} ${a.name}`, a])).values()];
}

/** What of these advisories, and of the explanations, stops a release. @param today YYYY-MM-DD */
export function auditFaults(advisories, explained = EXPLAINED, today = new Date().toISOString().slice(0, 10)) {
  const faults = advisories
    .filter(({ id }) => explained[id] === undefined)
    .map(
      ({ id, name, severity, title }) =>
        `${name}: ${severity}: ${title} (${id}); update it, or explain it in EXPLAINED`,
    );
  for (const [id, { reason, until }] of Object.entries(explained)) {
    if (!reason || !/^\d{4}-\d\d-\d\d$/.test(until))
      faults.push(`${id} is explained without a reason or a day until which it holds`);
    else if (!advisories.some((a) => a.id === id))
      faults.push(`${id} is explained, and concerns nothing any more; remove it`);
    else if (until <= today) faults.push(`${id} was explained until ${until} (${reason}); look again`);
  }
  return faults;
}

/** Asks the registry, or else the folder. @returns what stops a release */
export function audit({ folder, unavailable, today }) {
  // Development dependencies too: they run where the release is made.
  const asked = registryAdvisories(npmAudit());
  if (asked !== undefined) return auditFaults(asked, EXPLAINED, today);
  if (folder !== undefined) {
    const { read, found } = advisoriesIn(folder, JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
    say(`npm audit: the registry does not answer; ${read} advisories about npm packages are in ${folder}`);
    return read === 0
      ? [`${folder} holds no advisories about npm packages in the OSV format`]
      : auditFaults(found, EXPLAINED, today);
  }
  if (unavailable) {
    say('npm audit: the registry does not answer; released WITHOUT knowing of advisories');
    return [];
  }
  return [
    'the registry does not answer. Where another one does: npm audit --registry URL. Or give advisories in the OSV format, ' +
      'by --advisories FOLDER; or go on without any, by --audit-unavailable',
  ];
}

function npmAudit() {
  const args = ['audit', '--json', '--audit=true'];
  return spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28 }).stdout ?? '';
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // npm prints something else where the registry has no such endpoint
  }
}

const say = (text) => console.error(`[audit] ${text}`);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { advisories: { type: 'string' }, today: { type: 'string' } } });
  const faults = audit({ folder: values.advisories, today: values.today });
  for (const fault of faults) say(fault);
  if (faults.length === 0) say('nothing that is not explained');
  process.exitCode = faults.length === 0 ? 0 : 1;
}
