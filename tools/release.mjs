// Makes what a release is made of, in release/<version>/: the package, its bill of materials (CycloneDX), checksums. Publishes
// nothing, and says what it would run, unless it is given --publish.
//
//   node tools/release.mjs [--skip-tests] [--advisories FOLDER] [--audit-unavailable] [--image REPOSITORY] [--publish]
//
// docs/operations/release.md tells the whole way.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { advisoriesIn } from './advisories.mjs';
import { tool } from './servers/k8s-tools.mjs';

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

/** What of a release is not as it should be, in words. */
export function versionFaults({ manifest, lock, changelog, tags, status, engine, named = {} }) {
  const { version } = manifest;
  const faults = [];
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) faults.push(`package.json: ${version} is no version to release`);
  if (lock.version !== version || lock.packages[''].version !== version)
    faults.push(`package-lock.json has another version than ${version}; run: npm install --package-lock-only`);
  if (!changelog.split('\n').some((line) => new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}\\b`).test(line)))
    faults.push(
      `CHANGELOG.md has no section "## ${version}", since nothing of this version is published; to release it, write ` +
        `"## ${version} - ${new Date().toISOString().slice(0, 10)}" below "## Unreleased", and commit that`,
    );
  for (const [where, other] of Object.entries(named))
    if (other !== version) faults.push(`${where} says ${other}, package.json ${version}`);
  if (tags.includes(`v${version}`)) faults.push(`the tag v${version} is there already`);
  if (status !== '') faults.push(`the working tree is not clean:\n${status}`);
  if (engine !== undefined && engine !== lock.packages['tools/node-runtime']?.version)
    faults.push(`tools/node-runtime has ${engine}, the lock file another one`);
  for (const [path, entry] of Object.entries(lock.packages))
    if (entry.resolved !== undefined && !entry.link) faults.push(`package-lock.json: ${path} names a host`);
  return faults;
}

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
function audit(folder, unavailable) {
  // Development dependencies too: they run where the release is made.
  const asked = registryAdvisories(run('npm', ['audit', '--json', '--audit=true']).stdout);
  if (asked !== undefined) return auditFaults(asked);
  if (folder !== undefined) {
    const { read, found } = advisoriesIn(folder, json('package-lock.json'));
    say(`npm audit: the registry does not answer; ${read} advisories about npm packages are in ${folder}`);
    return read === 0 ? [`${folder} holds no advisories about npm packages in the OSV format`] : auditFaults(found);
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

/** Packs the built program. @returns the names of the files made in the folder */
export function pack(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { version } = json('package.json');
  const tarball = output('npm', ['pack', '--silent', '--pack-destination', folder]).trim().split('\n').at(-1);
  const bom = JSON.parse(
    output('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--omit', 'peer']),
  );
  // npm names it after the folder of the checkout
  Object.assign(bom.metadata.component, { name: 'watershard', type: 'application' });
  const sbom = `watershard-${version}.cdx.json`;
  writeFileSync(join(folder, sbom), `${JSON.stringify(bom, null, 2)}\n`);
  // In a folder of its own, since Helm gives it the name that npm gives the package.
  const helm = existsSync(tool('helm')) ? tool('helm') : 'helm';
  output(helm, ['package', 'k8s/chart', '--destination', join(folder, 'chart')]);
  const chart = `chart/watershard-${version}.tgz`;
  const files = [tarball, sbom, chart];
  writeFileSync(join(folder, 'SHA256SUMS'), files.map((file) => `${sha256(join(folder, file))}  ${file}\n`).join(''));
  return { tarball, sbom, chart, sums: 'SHA256SUMS' };
}

/** What is run last, in order. @param image repository of the container image, undefined: none */
export function publishing({ version, folder, tarball, sbom, chart, image }) {
  const commands = [
    ['git', 'tag', '--sign', `v${version}`, '--message', `Watershard ${version}`],
    ['git', 'push', 'origin', `v${version}`],
    ['npm', 'publish', join(folder, tarball), '--provenance', '--access', 'public'],
  ];
  if (image === undefined) return commands;
  const name = `${image}:${version}`;
  const build = ['docker', 'buildx', 'build', '--platform', 'linux/amd64,linux/arm64', '--tag', name, '--push'];
  return [
    ...commands,
    [
      ...build,
      '--attest',
      'type=provenance,mode=max',
      '--attest',
      'type=sbom',
      '--build-arg',
      `VERSION=${version}`,
      '.',
    ],
    ['cosign', 'sign', '--yes', name],
    ['cosign', 'attest', '--yes', '--type', 'cyclonedx', '--predicate', join(folder, sbom), name],
    ['helm', 'push', join(folder, chart), `oci://${dirname(image)}/charts`],
  ];
}

function main(args) {
  const { version } = json('package.json');
  fail('checking the version and the tree', versionFaults(state()));
  step('licences', 'node', ['tools/licenses.ts', '--check']);
  step('generated pages', 'node', ['tools/generate-docs.ts', '--check']);
  fail('npm audit', audit(option(args, '--advisories'), args.includes('--audit-unavailable')));
  step('building', 'npm', ['run', 'build']);
  if (!args.includes('--skip-tests')) step('tests', 'npm', ['test']);
  const folder = join(ROOT, 'release', version);
  const made = pack(folder);
  say(`made in ${folder}: ${readdirSync(folder).join(', ')}`);

  const image = option(args, '--image');
  const commands = publishing({ version, folder, ...made, image });
  if (!args.includes('--publish')) {
    say('not published; with --publish this is run:');
    for (const command of commands) say(`  ${command.join(' ')}`);
    return;
  }
  // npm makes the statement of provenance from the identity of a CI job; from elsewhere it would only fail half-way
  if (process.env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined && process.env.SIGSTORE_ID_TOKEN === undefined)
    fail('publishing', ['provenance needs a CI job with an OIDC identity (id-token: write)']);
  for (const [command, ...rest] of commands) step(command, command, rest);
}

function state() {
  return {
    manifest: json('package.json'),
    lock: json('package-lock.json'),
    changelog: readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'),
    tags: output('git', ['tag']).split('\n'),
    status: output('git', ['status', '--porcelain']).trim(),
    named: namedVersions(),
    engine: json('tools/node-runtime/package.json').version,
  };
}

/** The versions that other files name. */
function namedVersions() {
  const text = (path) => readFileSync(join(ROOT, path), 'utf8');
  const chart = (key) => new RegExp(`^${key}: (.*)$`, 'm').exec(text('k8s/chart/Chart.yaml'))?.[1];
  return {
    'k8s/chart/Chart.yaml: version': chart('version'),
    'k8s/chart/Chart.yaml: appVersion': chart('appVersion'),
    'Dockerfile: VERSION': /^ARG VERSION=(.*)$/m.exec(text('Dockerfile'))?.[1],
  };
}

/** Value of an option, or undefined. */
function option(args, name) {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
}

function run(command, args, stdio = ['ignore', 'pipe', 'pipe']) {
  return spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio, maxBuffer: 2 ** 28 });
}

function output(command, args) {
  const { status, stdout, stderr, error } = run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function step(what, command, args) {
  say(`${what} …`);
  if (run(command, args, 'inherit').status !== 0) fail(what, ['it failed']);
}

function fail(what, faults) {
  if (faults.length === 0) return;
  say(`${what}:`);
  for (const fault of faults) say(`  ${fault}`);
  process.exit(1);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // npm prints something else where the registry has no such endpoint
  }
}

const json = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const say = (text) => console.error(`[release] ${text}`);

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
