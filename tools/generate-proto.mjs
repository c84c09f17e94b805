// Generates src/transform/gen/*.js and *.d.ts from proto/. `--check` writes nothing and fails where what is committed is
// not what would be generated.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'node_modules', 'protobufjs-cli', 'bin');
const target = join(root, 'src', 'transform', 'gen');

/** A module of `gen/` by its name, the root that its types are registered under, and its sources. */
const MODULES = [
  { name: 'record', namespace: 'watershard', protos: ['proto/watershard/record/v1/record.proto'] },
  {
    name: 'kollect',
    namespace: 'kollect',
    protos: ['proto/kollect/event/v1/event.proto', 'proto/kollect/resource/event/v1/event.proto'],
  },
];

const run = (tool, ...args) =>
  execFileSync(process.execPath, [join(cli, tool), ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

/** int64 stays a number: the only ones are times in seconds. */
const OPTIONS = [
  ['-t', 'static-module', '-w', 'es6', '--dependency', 'protobufjs/minimal.js', '--no-create', '--no-verify'],
  ['--no-convert', '--no-delimited', '--no-typeurl', '--force-number'],
].flat();

const scratch = mkdtempSync(join(tmpdir(), 'watershard-proto-'));
const generated = new Map();
try {
  for (const { name, namespace, protos } of MODULES) {
    const head = `// Generated from ${protos.join(' and ')} by tools/generate-proto.mjs. Do not edit.\n`;
    const js = join(scratch, `${name}.js`);
    const dts = join(scratch, `${name}.d.ts`);
    run('pbjs', ...OPTIONS, '--root', namespace, '-p', 'proto', '-o', js, ...protos);
    run('pbts', '-o', dts, js);
    generated.set(`${name}.js`, head + readFileSync(js, 'utf8'));
    generated.set(`${name}.d.ts`, head + readFileSync(dts, 'utf8'));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

let stale = false;
mkdirSync(target, { recursive: true });
for (const [name, text] of generated) {
  const path = join(target, name);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
    continue;
  }
  let committed = '';
  try {
    committed = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (committed === text) continue;
  stale = true;
  console.error(`src/transform/gen/${name} is not what proto/ generates: run node tools/generate-proto.mjs`);
}
process.exitCode = stale ? 1 : 0;
