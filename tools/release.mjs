// Makes what a release is made of, in release/<version>/: the package, its bill of materials (CycloneDX), checksums. Publishes
// nothing, and says what it would run, unless it is given --publish.
//
//   node tools/release.mjs [--skip-tests] [--advisories FOLDER] [--audit-unavailable] [--image REPOSITORY] [--publish]
//
// docs/operations/release.md tells the whole way.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { audit } from './audit.mjs';
import { tool } from './servers/k8s-tools.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

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

/**
 * What is run last, in order.
 * @param image repository of the container image, undefined: none
 * @param commit its id and date, for the labels of the image
 * @param repository address of the source, undefined where package.json names none
 */
export function publishing({ version, folder, tarball, sbom, chart, image, commit, repository }) {
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
      ...Object.entries({ VERSION: version, REVISION: commit.id, CREATED: commit.date }).flatMap(([name, value]) => [
        '--build-arg',
        `${name}=${value}`,
      ]),
      ...(repository === undefined ? [] : ['--label', `org.opencontainers.image.source=${repository}`]),
      '.',
    ],
    ['cosign', 'sign', '--yes', name],
    ['cosign', 'attest', '--yes', '--type', 'cyclonedx', '--predicate', join(folder, sbom), name],
    ['helm', 'push', join(folder, chart), `oci://${dirname(image)}/charts`],
  ];
}

/** What would let it fail half-way. */
export function publishFaults({ env, skipped, repository }) {
  const faults = [];
  if (skipped) faults.push('what is published has passed its tests; leave out --skip-tests');
  // npm makes the statement of provenance from the identity of a CI job, and compares it with the repository.
  if (env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined && env.SIGSTORE_ID_TOKEN === undefined)
    faults.push('provenance needs a CI job with an OIDC identity (id-token: write)');
  if (repository === undefined)
    faults.push('provenance needs "repository" in package.json: the address that the CI job has built');
  return faults;
}

function main(args) {
  const { version } = json('package.json');
  fail('checking the version and the tree', versionFaults(state()));
  step('licences', 'node', ['tools/licenses.ts', '--check']);
  step('generated pages', 'node', ['tools/generate-docs.ts', '--check']);
  fail('npm audit', audit({ folder: option(args, '--advisories'), unavailable: args.includes('--audit-unavailable') }));
  step('building', 'npm', ['run', 'build']);
  if (!args.includes('--skip-tests')) step('tests', 'npm', ['test']);
  const folder = join(ROOT, 'release', version);
  const made = pack(folder);
  say(`made in ${folder}: ${readdirSync(folder).join(', ')}`);

  const image = option(args, '--image');
  const [id, date] = output('git', ['log', '-1', '--format=%H %cI']).trim().split(' ');
  const repository = json('package.json').repository?.url?.replace(/^git\+|\.git$/g, '');
  const commands = publishing({ version, folder, ...made, image, commit: { id, date }, repository });
  if (!args.includes('--publish')) {
    say('not published; with --publish this is run:');
    for (const command of commands) say(`  ${command.join(' ')}`);
    return;
  }
  fail('publishing', publishFaults({ env: process.env, skipped: args.includes('--skip-tests'), repository }));
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

const json = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const say = (text) => console.error(`[release] ${text}`);

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
