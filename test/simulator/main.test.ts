import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { getJson } from './client.ts';

const MAIN = fileURLToPath(new URL('../../src/simulator/main.ts', import.meta.url));

test('the simulator runs as a process: prints its address, writes a kubeconfig, ends on SIGTERM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'watershard-simulator-'));
  const file = join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [
      MAIN,
      '--port',
      '0',
      '--objects',
      '100',
      '--rate',
      '50',
      '--resources',
      'pods=3,configmaps=1',
      '--kubeconfig-out',
      file,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    assert.match(readFileSync(file, 'utf8'), new RegExp(`server: "${url}"`));
    for (const deadline = Date.now() + 10_000; ; ) {
      const { body } = await getJson<{ changes: number }>(`${url}/__simulator/truth?objects=false`);
      if (body.changes > 10) break;
      assert.ok(Date.now() < deadline, 'changes come by themselves');
    }
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a wrong argument is said in one line', async () => {
  const child = spawn(process.execPath, [MAIN, '--rate', 'fast'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 2);
  assert.equal(said, 'simulate: --rate: not a number of at least 0: fast\n');
});

test('where the kubeconfig cannot be written it ends', async () => {
  const args = [MAIN, '--objects', '10', '--kubeconfig-out', '/nowhere/kubeconfig'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 2);
  assert.equal(said, "simulate: ENOENT: no such file or directory, open '/nowhere/kubeconfig'\n");
});
