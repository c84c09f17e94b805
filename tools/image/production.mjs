// Lays out what goes into the image: node tools/image/production.mjs TARGET ARCHITECTURE [CLIENT …]
// `ARCHITECTURE` is that of the image in the words of Go (amd64, arm64), empty for that of this machine. `CLIENT` is an
// optional client of a vendor as package.json names it, or `all`. The versions are those of the lock file.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fail = (text) => {
  console.error(text);
  process.exit(1);
};

const [target, architecture, ...wanted] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const optional = Object.keys(manifest.peerDependencies);
const clients = wanted.includes('all') ? optional : wanted;
const unknown = clients.filter((name) => !optional.includes(name));
if (unknown.length > 0) fail(`${unknown.join(' ')}: no client of a vendor; there are ${optional.join(' ')}`);
const cpu = { amd64: 'x64', arm64: 'arm64', '': process.arch }[architecture];
if (cpu === undefined) fail(`${architecture}: Node.js comes for amd64 and arm64`);

const root = join(target, 'root');
const program = join(root, 'opt/watershard');
mkdirSync(program, { recursive: true });
for (const name of clients) manifest.dependencies[name] = manifest.devDependencies[name];
const NODE = 'node-runtime';
const dependencies = { ...manifest.dependencies, [NODE]: manifest.devDependencies[NODE] };
writeFileSync(join(program, 'package.json'), JSON.stringify({ ...manifest, dependencies, devDependencies: {} }));
const given = ['package-lock.json', '.npmrc', 'tools/node-runtime'];
for (const name of given) cpSync(name, join(program, name), { recursive: true });
// No script of a package runs: it would be one for this machine. None of those that are shipped has one.
const platform = ['--os=linux', `--cpu=${cpu}`, '--libc=glibc', '--ignore-scripts'];
const args = ['ci', '--omit=dev', ...platform, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
const installed = spawnSync('npm', args, { cwd: program, stdio: 'inherit' });
if (installed.status !== 0) fail('npm ci of what the image needs has failed');

mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
const modules = join(program, 'node_modules');
renameSync(join(modules, `node-linux-${cpu}`, 'bin/node'), join(root, 'usr/local/bin/node'));
for (const name of [`node-linux-${cpu}`, NODE, '.bin/node']) rmSync(join(modules, name), { recursive: true });
// Native code for another runtime, Bare, and for every platform that it runs on. Node.js does not load it.
for (const name of readdirSync(modules).filter((name) => name.startsWith('bare-')))
  rmSync(join(modules, name, 'prebuilds'), { recursive: true, force: true });
for (const name of [...given, 'tools']) rmSync(join(program, name), { recursive: true, force: true });

delete manifest.devDependencies;
delete manifest.scripts;
writeFileSync(join(program, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
for (const name of ['bin', 'dist', 'LICENSE', 'README.md', 'CHANGELOG.md'])
  cpSync(name, join(program, name), { recursive: true, verbatimSymlinks: true });
mkdirSync(join(root, 'etc/watershard'), { recursive: true });
mkdirSync(join(target, 'data'), { recursive: true });
