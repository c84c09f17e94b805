// Generates src/transform/gen/record.js and record.d.ts from proto/. `--check` writes nothing and fails where what is
// committed is not what would be generated.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'node_modules', 'protobufjs-cli', 'bin');
const proto = join('proto', 'watershard', 'record', 'v1', 'record.proto');
const target = join(root, 'src', 'transform', 'gen');
const HEAD = '// Generated from proto/watershard/record/v1/record.proto by tools/generate-proto.mjs. Do not edit.\n';

const run = (tool, ...args) =>
  execFileSync(process.execPath, [join(cli, tool), ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });

const scratch = mkdtempSync(join(tmpdir(), 'watershard-proto-'));
const generated = new Map();
try {
  const js = join(scratch, 'record.js');
  const dts = join(scratch, 'record.d.ts');
  // int64 stays a number: the only one is a time in seconds.
  run(
    'pbjs',
    '-t',
    'static-module',
    '-w',
    'es6',
    '--dependency',
    'protobufjs/minimal.js',
    '--no-create',
    '--no-verify',
    '--no-convert',
    '--no-delimited',
    '--no-typeurl',
    '--force-number',
    '--root',
    'watershard',
    '-p',
    'proto',
    '-o',
    js,
    proto,
  );
  run('pbts', '-o', dts, js);
  generated.set('record.js', HEAD + readFileSync(js, 'utf8'));
  generated.set('record.d.ts', HEAD + readFileSync(dts, 'utf8'));
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
