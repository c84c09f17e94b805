import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { watershard } from '../support/command-line.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { writeKubeconfig } from '../watch/watch-setup.ts';

test('a snapshot whose encoder thread crashes after everything was listed ends with 1, and says what is missing', {
  timeout: 90_000,
}, async (t) => {
  const simulator = await startSimulator({ objects: 100, rate: 0, namespaces: 2, seed: 3 });
  t.after(() => simulator.close());
  const folder = temporaryFolder('snapshot-crash');
  const config = join(folder, 'watershard.yaml');
  const mark = join(folder, 'crashed');
  writeFileSync(
    config,
    JSON.stringify({
      cluster: { name: 'demo' },
      kubeconfig: writeKubeconfig(simulator.url),
      watch: { resources: ['pods'] },
      workers: 1,
      dataDir: join(folder, 'data'),
      exporters: [{ name: 'lake', type: 'parquet', url: join(folder, 'lake') }],
      ops: false,
    }),
  );
  const preload = new URL('../fixtures/crash-encoder.mjs', import.meta.url).href;
  const ended = await watershard(['snapshot', '--config', config], {
    NODE_OPTIONS: `--import ${preload}`,
    CRASH_ENCODER_MARK: mark,
  });
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stderr, /not everything was delivered.*\n {2}pods: lost at the end: /);
});
