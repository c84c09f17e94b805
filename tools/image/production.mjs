// Lays out what goes into the image: node tools/image/production.mjs TARGET [CLIENT …]
// `CLIENT` is an optional client of a vendor as package.json names it, or `all`. The versions are those of the lock file.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [target, ...wanted] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const optional = Object.keys(manifest.peerDependencies);
const clients = wanted.includes('all') ? optional : wanted;
const unknown = clients.filter((name) => !optional.includes(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(' ')}: no client of a vendor; there are ${optional.join(' ')}`);
  process.exit(1);
}

// Taken before the runtime goes with the other development dependencies.
const runtime = readdirSync('node_modules').find((name) => /^node-linux-/.test(name));
if (runtime === undefined) throw new Error('the lock file has brought no Node.js for this platform');
const root = join(target, 'root');
mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
cpSync(join('node_modules', runtime, 'bin/node'), join(root, 'usr/local/bin/node'));
// The one library that this Node.js needs and that images with glibc and libstdc++ do not have.
const libraries = readdirSync('/usr/lib').find((name) => existsSync(join('/usr/lib', name, 'libatomic.so.1')));
if (libraries === undefined)
  throw new Error('libatomic.so.1 is missing: take another BUILD_BASE, like node:24-bookworm');
mkdirSync(join(root, 'usr/lib', libraries), { recursive: true });
const library = join('usr/lib', libraries, 'libatomic.so.1');
cpSync(realpathSync(join('/', library)), join(root, library));

// What is installed stays what the lock file says: npm only removes here.
for (const name of clients) manifest.dependencies[name] = manifest.devDependencies[name];
for (const name of optional) delete manifest.devDependencies[name];
writeFileSync('package.json', JSON.stringify(manifest, null, 2));
const prune = spawnSync('npm', ['prune', '--omit=dev', '--no-audit', '--no-fund', '--offline'], { stdio: 'inherit' });
if (prune.status !== 0) process.exit(1);

const program = join(root, 'opt/watershard');
for (const name of ['bin', 'dist', 'node_modules', 'package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'])
  cpSync(name, join(program, name), { recursive: true, verbatimSymlinks: true });
mkdirSync(join(root, 'etc/watershard'), { recursive: true });
mkdirSync(join(target, 'data'), { recursive: true });
