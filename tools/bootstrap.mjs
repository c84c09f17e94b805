// What `npm start` and `npm test` run on whatever Node is there (20 or newer): installs and builds what is missing, then
// goes on with the Node that the lock file brings (tools/node-runtime).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const say = (text) => process.stderr.write(`[watershard] ${text}\n`);
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}` };

function run(command, args, what) {
  const result = spawnSync(command, args, { cwd: ROOT, env, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.error || result.status !== 0) {
    if (what) say(`${what} failed${result.error ? `: ${result.error.message}` : ''}`);
    process.exit(result.status || 1);
  }
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

/** Runs the step unless its inputs are what they were when it last ran. */
function once(mark, inputs, result, step) {
  const file = join(ROOT, 'node_modules', `.${mark}`);
  const now = digest(inputs);
  if (existsSync(join(ROOT, result)) && existsSync(file) && readFileSync(file, 'utf8') === now) return;
  step();
  writeFileSync(file, now);
}

function install() {
  once('installed', ['package-lock.json', 'tools/node-runtime/package.json'], 'node_modules/.bin/node', () => {
    say('installing packages (about half a minute) …');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci');
  });
}

/** Files below a folder of the repository, by ending. */
const walk = (folder, ...endings) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .filter((f) => endings.some((e) => f.endsWith(e)))
    .map((f) => join(folder, f));

function build() {
  const inputs = [
    ...walk('src', '.ts', '.js', '.html'),
    ...walk('workers', '.ts'),
    'tsconfig.json',
    'package-lock.json',
  ];
  once('built', inputs, 'dist/src/cli/main.js', () => {
    say('building …');
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    run('tsc', ['--noEmit', 'false'], 'tsc');
    for (const file of walk('src', '.js', '.html')) {
      mkdirSync(dirname(join(ROOT, 'dist', file)), { recursive: true });
      cpSync(join(ROOT, file), join(ROOT, 'dist', file));
    }
  });
}

const node = (...args) => run('node', args);
const task = process.argv[2];
const rest = process.argv.slice(3);
install();
if (task === 'start') {
  build();
  node('bin/watershard.mjs', 'demo', ...rest);
} else if (task === 'build') {
  build();
} else if (task === 'install') {
  // for the image, which keeps what is installed apart from what is built
} else if (task === 'generate') {
  node('tools/generate-proto.mjs', ...rest);
  node('tools/generate-wasm.mjs', ...rest);
  node('tools/generate-docs.ts', ...rest);
  node('tools/generate-k8s.ts', ...rest);
} else if (task === 'test:unit') {
  node('tools/run-tests.mjs', '--unit', ...rest);
} else if (task === 'test:soak') {
  run('node', ['tools/servers/build.mjs'], 'getting the real servers');
  node('--max-old-space-size=8192', 'test/faults/soak.ts', ...rest);
} else if (task === 'bench') {
  node('bench/run.ts', ...rest);
} else if (task === 'test') {
  build();
  run('node', ['tools/servers/build.mjs'], 'getting the real servers');
  run('node', ['tools/servers/k8s-tools.mjs'], 'getting what the tests of the chart and the image use');
  node('tools/run-tests.mjs', ...rest);
} else {
  say(`unknown task ${task}`);
  process.exit(2);
}
