import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { type Answer, watershard } from '../support/command-line.ts';
import { fuzz } from '../support/fuzz.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { oddConfigurations, oddExpressions, oddKubeconfigs } from './front-door-cases.ts';
import { GOOD, SECRETS, wrongText, wrongValues } from './front-door-mutations.ts';
import type { Knock } from './front-door-worker.ts';

/** Far more than any needs; one that needs it hangs. */
const PATIENCE_MS = 30_000;

const folder = temporaryFolder('front-door');
const file = join(folder, 'watershard.yaml');

/** The command line in a thread, so that one that hangs or dies is seen and does not take the test with it. */
let thread: Worker | undefined;
after(async () => void (await thread?.terminate()));

async function knock(args: readonly string[]): Promise<Answer> {
  thread ??= new Worker(new URL('./front-door-worker.ts', import.meta.url), { env: { ...process.env, ...SECRETS } });
  const worker = thread;
  const ended = new AbortController();
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const fail = (what: string): void => {
        thread = undefined;
        void worker.terminate();
        reject(new Error(what));
      };
      const timer = setTimeout(() => fail('it hangs'), PATIENCE_MS);
      const done = (what: () => void): void => {
        clearTimeout(timer);
        what();
      };
      const onMessage = (answer: Answer): void => done(() => resolve(answer));
      const onError = (e: unknown): void => done(() => fail(`it dies: ${String(e)}`));
      worker.once('message', onMessage).once('error', onError);
      ended.signal.addEventListener('abort', () => worker.off('message', onMessage).off('error', onError));
      worker.postMessage({ args } satisfies Knock);
    });
  } finally {
    ended.abort();
  }
}

/** What a person sees: all is well, or one clear error; never the program's inside, never a secret. */
function assertClear({ code, stdout, stderr }: Answer): void {
  const all = stdout + stderr;
  assert.doesNotMatch(all, /quokka/, 'a secret in its place is shown');
  if (code === 0) return;
  assert.equal(code, 2, all);
  assert.equal(stdout, '');
  assert.match(stderr, /^error [A-Z_]+: .+\n {2}why: [^\n]+\n {2}what to do: [^\n]+\n$/s);
  assert.doesNotMatch(stderr, /canary|state#2b/, 'a secret is shown');
  assert.doesNotMatch(stderr, /\n\s+at |\bundefined\b|\[object |\bNaN\b|\b\w*Error\b|INTERNAL/);
  assert.doesNotMatch(stderr, /[^\P{Cc}\n\t]/u, 'control characters');
  assert.ok(stderr.length < 6000, `${stderr.length} characters`);
}

const validate = ['validate', '--config', file];

test('the configuration that everything here is made of is valid', async () => {
  writeFileSync(file, JSON.stringify(GOOD));
  const answer = await knock(validate);
  assert.equal(answer.code, 0, answer.stderr);
  assertClear(answer);
});

describe('any configuration is valid or told what is wrong with it', () => {
  test('values of wrong types, sizes and names', async () => {
    await fc.assert(
      fc.asyncProperty(wrongValues, async (text) => {
        writeFileSync(file, text);
        assertClear(await knock(validate));
      }),
      fuzz(300),
    );
  });

  test('text that is no YAML, or another one', async () => {
    await fc.assert(
      fc.asyncProperty(wrongText, async (bytes) => {
        writeFileSync(file, bytes);
        assertClear(await knock(validate));
      }),
      fuzz(300),
    );
  });

  for (const [name, { content, valid }] of Object.entries(oddConfigurations())) {
    test(name, async () => {
      writeFileSync(file, content);
      const answer = await knock(validate);
      assertClear(answer);
      assert.equal(answer.code, valid === true ? 0 : 2, answer.stderr);
    });
  }

  for (const [name, { expression, valid }] of Object.entries(oddExpressions)) {
    test(`expression: ${name}`, async () => {
      const [rule] = GOOD.rules;
      writeFileSync(file, JSON.stringify({ ...GOOD, rules: [{ ...rule, extract: { field: expression } }] }));
      const answer = await knock(validate);
      assertClear(answer);
      assert.equal(answer.code, valid === true ? 0 : 2, answer.stderr);
    });
  }
});

// Each with files of its own: the first waits for 20 s, and the others need not wait for it.
describe('the program itself, as a process', { concurrency: 2 }, () => {
  const runs = async (command: 'run' | 'validate', config: string): Promise<Answer> =>
    await watershard([command, '--config', config], { ...SECRETS });

  for (const [name, { kubeconfig, says }] of Object.entries(oddKubeconfigs)) {
    test(`run: ${name}`, async () => {
      const folder = temporaryFolder('front-door-run');
      const config = join(folder, 'run.yaml');
      const path = join(folder, 'kubeconfig');
      writeFileSync(path, kubeconfig);
      const exporter = { name: 'out', type: 'file', path: join(folder, 'out.jsonl') };
      const more = { kubeconfig: path, ops: false, workers: 1, dataDir: join(folder, 'data') };
      writeFileSync(config, JSON.stringify({ cluster: { name: 'demo' }, ...more, exporters: [exporter] }));
      const answer = await runs('run', config);
      assert.equal(answer.code, 2, answer.stderr);
      assertClear(answer);
      assert.match(answer.stderr, /^error KUBECONFIG_INVALID: /);
      assert.match(answer.stderr, says);
    });
  }

  test('validate', async () => {
    const folders = join(folder, 'a-folder');
    mkdirSync(folders);
    for (const path of [folders, join(folder, 'missing.yaml'), '/dev/zero', '/dev/null']) {
      const answer = await runs('validate', path);
      assertClear(answer);
      assert.equal(answer.code, 2);
    }
    for (const content of fc.sample(fc.oneof(wrongValues, wrongText), { ...fuzz(8) })) {
      writeFileSync(file, content);
      const answer = await runs('validate', file);
      assertClear(answer);
      assert.equal(answer.code, (await knock(validate)).code);
    }
  });

  test('run: an expression is refused before anything starts', async () => {
    const file = join(folder, 'expression.yaml');
    writeFileSync(file, JSON.stringify({ ...GOOD, rules: [{ resources: ['pods'], extract: { a: 'object.' } }] }));
    const answer = await runs('run', file);
    assertClear(answer);
    assert.match(answer.stderr, /^error EXPRESSION_INVALID: .*\n {2}rules\[0\]\.extract\.a: /);
  });
});
