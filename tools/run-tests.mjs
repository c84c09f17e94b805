// Runs the tests with Node's own runner and ends with the line `N passed, N failed`.
// `--unit`: only what needs no server. Further arguments: parts of the names of the files to run.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const args = process.argv.slice(2);
const unit = args.includes('--unit');
const wanted = args.filter((a) => !a.startsWith('--'));

// The files that take longest, or wait most, longest first: started last, one of them would run alone at the end.
const LONG = [
  'test/k8s/image.real.test.ts',
  ...[
    'chaos',
    'leak',
    'process',
    'api',
    's3',
    'nats',
    'redis',
    'restore',
    'disk',
    'sinks-apart',
    'front-door',
    'cluster',
    'list-cut-off',
  ].map((name) => `test/faults/${name}.real.test.ts`),
  'test/faults/away.real.test.ts',
  'test/buffer/disk-buffer.test.ts',
  'test/state/embedded.test.ts',
  'test/simulator/watches.test.ts',
];
const place = (f) => (LONG.includes(f) ? LONG.indexOf(f) : LONG.length);
const files = globSync('test/**/*.test.ts')
  .filter((f) => !unit || !/\.(real|e2e)\.test\.ts$/.test(f))
  .filter((f) => wanted.length === 0 || wanted.some((w) => f.includes(w)))
  .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));

// Every file is a process of its own, which would strip the types of the same modules and compile them again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '..', 'node_modules', '.cache', 'compiled');

let passed = 0;
let failed = 0;
const failures = [];

if (wanted.length === 0 && !unit) {
  const checks = [
    ['formatting and lint', 'biome', ['check', '--error-on-warnings', '.']],
    ['types', 'tsc', ['--noEmit']],
    ['generated protobuf code is current', 'node', ['tools/generate-proto.mjs', '--check']],
    ['generated WebAssembly is current', 'node', ['tools/generate-wasm.mjs', '--check']],
    ['generated documentation is current', 'node', ['tools/generate-docs.ts', '--check']],
    ['generated parts of k8s are current', 'node', ['tools/generate-k8s.ts', '--check']],
  ];
  for (const [name, command, commandArgs] of checks) {
    const result = spawnSync(command, commandArgs, { stdio: 'inherit' });
    if (result.status === 0) passed++;
    else {
      failed++;
      failures.push(name);
    }
    console.log(`${result.status === 0 ? '✔' : '✖'} ${name}`);
  }
}

if (files.length === 0) {
  console.error('no test file matches');
  process.exit(1);
}

/**
 * One file for each folder that imports the others: to start a process for each takes as long as most of them. Only for a
 * quick look, as tests of one process may lean on one another.
 */
function byFolder(some) {
  const cache = join(import.meta.dirname, '..', 'node_modules', '.cache', 'unit');
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  return [...Map.groupBy(some, dirname)].flatMap(([folder, inside]) => {
    const apart = inside.filter((f) => LONG.includes(f));
    const imports = inside.filter((f) => !apart.includes(f)).map((f) => `import ${JSON.stringify(resolve(f))};\n`);
    const file = join(cache, `${folder.replaceAll('/', '-')}.test.mjs`);
    writeFileSync(file, imports.join(''));
    return [...apart, file];
  });
}

/** Runs these files, so many at a time. */
async function runFiles(some, concurrency) {
  if (some.length === 0) return;
  const stream = run({ files: some, concurrency, timeout: 900_000, forceExit: false });
  stream.on('test:pass', (t) => {
    if (t.details.type !== 'suite' && !t.skip && !t.todo) passed++;
  });
  stream.on('test:fail', (t) => {
    if (t.details.type === 'suite' && t.details.error?.failureType === 'subtestsFailed') return;
    failed++;
    failures.push(`${t.file ?? ''} ${t.name}`);
  });
  await new Promise((resolve) => {
    const out = stream.compose(new spec());
    out.pipe(process.stdout, { end: false });
    out.on('end', resolve);
  });
}

// Tests without a server wait for the disk and for timers, tests of faults for what a fault ends: one more than the two
// cores fills what they leave. The others use their servers all the time, and so do two hundred streams.
const waits = (f) => unit || (f.startsWith('test/faults/') && !f.includes('/away.'));
const started = Date.now();
await runFiles(unit ? byFolder(files) : files.filter(waits), 3);
if (!unit && files.some(waits)) console.log(`faults: ${Math.round((Date.now() - started) / 1000)} s`);
await runFiles(
  files.filter((f) => !waits(f)),
  2,
);
for (const name of failures) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
