import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePort, temporaryFolder } from '../support/servers/process.ts';
import { SimulatorServer } from '../support/servers/simulator.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Runs a command on a terminal of its own, closes that when a line comes in, and says how the command has ended. */
const TERMINAL = `
import os, pty, sys, threading
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def close():
    sys.stdin.readline()
    os.close(master)
threading.Thread(target=close, daemon=True).start()
threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(master, 4096), b'')], daemon=True).start()
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
`;

test('a terminal that is closed ends a run as SIGTERM does: everything is delivered', async (t) => {
  const simulator = await SimulatorServer.start(['--objects', '50', '--paused']);
  const folder = temporaryFolder('hangup');
  const config = join(folder, 'watershard.yaml');
  const listen = `127.0.0.1:${await freePort()}`;
  const lake = { name: 'lake', type: 'parquet', url: join(folder, 'lake'), rotate: { interval: '1h' } };
  const settings = { kubeconfig: simulator.kubeconfig, dataDir: join(folder, 'data'), ops: { listen } };
  writeFileSync(config, stringify({ cluster: { name: 'demo' }, ...settings, exporters: [lake] }));
  const child = spawn('python3', ['-c', TERMINAL, process.execPath, MAIN, 'run', '--config', config]);
  t.after(async () => {
    child.kill('SIGKILL');
    await simulator.stop();
  });
  const ended = text(child.stdout);
  await until('it is ready', async () => (await fetch(`http://${listen}/readyz`)).status === 200, 60);
  child.stdin.write('\n');
  assert.equal((await ended).trim(), '0');
  if (child.exitCode === null) await once(child, 'exit');
  const files = readdirSync(join(folder, 'lake'), { recursive: true }).map(String);
  assert.ok(
    files.some((file) => file.endsWith('.parquet')),
    'what was read is in files, which are closed at the end alone',
  );
});
