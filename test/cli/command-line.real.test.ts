// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is about such text
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BIN, watershard } from '../support/command-line.ts';
import { temporaryFolder } from '../support/servers/process.ts';

const folder = temporaryFolder('cli');

function configuration(text: string): string {
  const file = join(folder, 'watershard.yaml');
  writeFileSync(file, text);
  return file;
}

const GOOD = 'cluster: { name: demo }\nworkers: 1\nexporters:\n  - { name: out, type: file, path: records.jsonl }\n';

/** What is said on the standard error, with the file's name made short. */
async function refusal(text: string, environment: Record<string, string> = {}): Promise<string> {
  const file = configuration(text);
  const { code, stdout, stderr } = await watershard(['validate', '--config', file], environment);
  assert.equal(code, 2, stderr);
  assert.equal(stdout, '');
  return stderr.replaceAll(file, 'FILE');
}

describe('help', () => {
  test('teaches: what each command does, examples, exit codes', async () => {
    const { code, stdout } = await watershard(['--help']);
    assert.equal(code, 0);
    for (const word of [
      'run',
      'snapshot',
      'validate',
      'demo',
      'simulate',
      'Examples:',
      'The smallest configuration:',
      'Exit codes:',
    ]) {
      assert.ok(stdout.includes(word), `${word} is missing:\n${stdout}`);
    }
    for (const command of ['run', 'snapshot', 'validate', 'demo']) {
      const help = await watershard([command, '--help']);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /Examples?:\n/);
    }
  });

  test('of the simulator is its own', async () => {
    const { code, stdout } = await watershard(['simulate', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /--objects N/);
  });

  test('comes without arguments', async () => {
    const { code, stdout } = await watershard([]);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: watershard/);
  });
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await watershard(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a wrong command line is told, with what was probably meant', async () => {
  const cases: [string[], RegExp][] = [
    [['vaildate'], /unknown command 'vaildate'\n\(Did you mean validate\?\)/],
    [['run', '--confg', 'x'], /unknown option '--confg'\n\(Did you mean --config\?\)/],
    [['run'], /give --config FILE\n\(watershard run --help explains it\)/],
    [['validate'], /give --config FILE, or --schema/],
    [['demo', '--rate', 'fast'], /Give a number of 0 or more/],
  ];
  for (const [args, expected] of cases) {
    const { code, stderr } = await watershard(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

describe('validate', () => {
  test('says what would run', async () => {
    const file = configuration(GOOD);
    const { code, stdout, stderr } = await watershard(['validate', '--config', file]);
    assert.equal(code, 0, stderr);
    assert.equal(
      stdout.replaceAll(file, 'FILE'),
      `OK: FILE
  cluster     demo
  kubeconfig  as kubectl finds it
  watch       *, without leases.coordination.k8s.io; all namespaces
  rules       none
  workers     1
  state       embedded, in ./watershard-data
  exporter    out: file
  operations  127.0.0.1:8081
`,
    );
  });

  test('tells an unknown key and the known one', async () => {
    assert.equal(
      await refusal(GOOD.replace('workers', 'worker')),
      `error CONFIG_INVALID: the configuration FILE has 1 problem:
  line 2: worker: unknown key; did you mean "workers"?
  why: The configuration file has an unknown key, a missing key or a value of the wrong form.
  what to do: Correct the path that the message names; \`watershard validate --config FILE\` checks without running.
`,
    );
  });

  test('tells a wrong type', async () => {
    const text = await refusal(GOOD.replace('workers: 1', 'workers: two'));
    assert.match(
      text,
      /^ {2}line 2: workers: expected a whole number, found text; it is: Worker threads, one shard each\./m,
    );
  });

  test('tells a variable that is not set', async () => {
    const text = GOOD.replace('records.jsonl', '"${OUT_FILE}"');
    assert.match(
      await refusal(text),
      /^error CONFIG_VARIABLE_MISSING: .*\n {2}line 4: exporters\[0\]\.path: the environment variable OUT_FILE is not set; set it, or give a default with \$\{OUT_FILE:-default\}\n/,
    );
    assert.equal((await watershard(['validate', '-c', configuration(text)], { OUT_FILE: 'x' })).code, 0);
  });

  test('tells the line of what is not YAML', async () => {
    assert.match(
      await refusal('cluster: { name: demo }\nexporters: [\n  - oops\n'),
      /^error CONFIG_UNREADABLE: reading the configuration FILE:\s+line [34], column/,
    );
  });

  test('shows no stack for what a user can correct, but with --debug', async () => {
    const file = configuration('cluster: 1\n');
    const plain = await watershard(['validate', '-c', file]);
    assert.doesNotMatch(plain.stderr, /\n\s+at /);
    const debug = await watershard(['validate', '-c', file, '--debug']);
    assert.equal(debug.code, 2);
    assert.match(debug.stderr, /\n\s+at /);
  });

  test('prints the JSON Schema', async () => {
    const { code, stdout } = await watershard(['validate', '--schema']);
    assert.equal(code, 0);
    const schema = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    assert.deepEqual(schema.required, ['cluster', 'exporters']);
  });

  test('prints the configuration with its defaults and without its secrets', async () => {
    const file = configuration(`${GOOD}state: { url: "redis://:hunter2@127.0.0.1:6379/0" }\n`);
    const { code, stdout } = await watershard(['validate', '-c', file, '--print-config']);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /hunter2/);
    assert.equal((JSON.parse(stdout) as { workers: number }).workers, 1);
  });
});

test('an older Node is told what is needed', (t) => {
  const old = ['/usr/bin/node', '/usr/local/bin/node'].find((node) =>
    /^v([0-9]|1\d|2[01]|22\.([0-9]|1[0-8]))\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
  );
  if (old === undefined) return t.skip('there is no older Node on this machine');
  const { status, stderr } = spawnSync(old, [BIN, '--help'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /^watershard needs Node\.js 22\.19 or newer, and this is \d+\./);
  assert.match(stderr, /npm start -- ARGUMENTS/);
});
