import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../bench/arguments.ts';
import { DEFAULT_SET, SCENARIOS } from '../../bench/pipeline/scenarios.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path('run.ts'), ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('the default is five runs of each scenario of the set; what is given counts before what a scenario has', () => {
  const { settings, dry } = readArguments([]);
  assert.deepEqual([...settings.keys()], DEFAULT_SET);
  assert.ok([...settings.values()].every((s) => s.runs === 5));
  assert.equal(dry, false);
  const one = readArguments([
    'latency-100',
    '--runs',
    '1',
    '--rate=2.5',
    '--state',
    'redis',
    '--dry',
    '--out',
    'x.json',
  ]);
  assert.deepEqual(one.settings.get('latency-100')?.objects, 10_000);
  assert.deepEqual(
    [...one.settings.values()].map(({ runs, rate, state }) => [runs, rate, state]),
    [[1, 2.5, 'redis']],
  );
  assert.deepEqual([one.dry, one.out], [true, 'x.json']);
  assert.deepEqual([...readArguments(['--all']).settings.keys()], Object.keys(SCENARIOS));
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [['churn'], /^no scenario churn; --list names them$/],
  [['churn-both', 'toString'], /^no scenario toString/],
  [['churn-both', '--all'], /^--all, or the names/],
  [['--nope'], /^Unknown option '--nope'/],
  [['--runs', '0'], /^--runs: not a whole number of at least 1: 0$/],
  [['--runs', '1.5'], /^--runs: not a whole number/],
  [['--objects', 'many'], /^--objects: not a whole number of at least 1: many$/],
  [['--turnover', ''], /^--turnover: not a number of at least 0: $/],
  [['--state', 'etcd'], /^--state: embedded or redis, not etcd$/],
  [['--out', 'x.json'], /^--out takes the result of one scenario$/],
];

test('wrong arguments are told before anything is built', () => {
  for (const [args, said] of WRONG) assert.throws(() => readArguments(args), { message: said }, args.join(' '));
});

test('they are told in one line, with exit code 2', () => {
  assert.deepEqual(bench('churn'), { status: 2, stdout: '', stderr: 'bench: no scenario churn; --list names them\n' });
});

test('the parts of the suite are reached by its command', () => {
  const result = path('results/churn-jetstream.json');
  const compared = bench('compare', result, result);
  assert.equal(compared.status, 0, compared.stderr);
  assert.match(compared.stdout, /^metric .* B \/ A\n/);
  assert.match(bench('micro', '--help').stdout, /^What single steps cost/);
  assert.deepEqual(bench('profile'), {
    status: 2,
    stdout: '',
    stderr: 'profile: name the folder of the profiles: bench/profile.ts FOLDER\n',
  });
});

test('files that are no results are told in one line', () => {
  const wrong = (...files: string[]): string => {
    const { status, stderr } = bench('compare', ...files);
    assert.equal(status, 2);
    return stderr;
  };
  assert.match(wrong('/nowhere.json', '/nowhere.json'), /^compare: \/nowhere\.json: ENOENT: [^\n]+\n$/);
  assert.match(wrong(path('README.md'), path('README.md')), /^compare: .*README\.md: [^\n]*JSON\n$/);
  const other = path('results/jetstream-publish.json');
  assert.equal(wrong(other, other), `compare: ${other}: not a result of bench/run.ts\n`);
  assert.equal(wrong(), 'compare: give two results: bench/compare.ts A.json B.json\n');
});
