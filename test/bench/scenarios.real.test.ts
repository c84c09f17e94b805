import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from '../../bench/pipeline/scenarios.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../bench/pipeline/settings.ts';

const small = (name: string, changes: Partial<Settings> = {}): Settings => ({
  ...DEFAULT_SETTINGS,
  ...SCENARIOS[name]!.settings,
  objects: 300,
  changes: 1200,
  namespaces: 5,
  ...changes,
});

for (const name of [
  'churn-mixed',
  'churn-both',
  'churn-jetstream-rules',
  'churn-redis',
  'diff-100k',
  'events-parquet',
  'snapshot-parquet',
  'snapshot-parquet-objects',
  'restart-relist',
  'restart-redis',
])
  test(`the scenario ${name} is right and has its numbers`, async () => {
    const { metrics, problems } = await SCENARIOS[name]!.run(small(name));
    assert.deepEqual(problems, []);
    const unusable = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
    assert.deepEqual(unusable, []);
    assert.ok(metrics.userSeconds! > 0 && metrics.startUpCpuSeconds! > 0 && metrics.peakRssMiB! > 20);
    assert.ok(metrics.mainThreadSeconds! > 0);
    assert.ok(metrics.sentMiB! > 0 && metrics.storedMiB! > 0 === !name.startsWith('restart'));
    // what was sent is what was read, and the heads of a few answers
    if (metrics.readMiB !== undefined) assert.ok(Math.abs(metrics.sentMiB! - metrics.readMiB) < 0.1);
    assert.equal(metrics.records === 0, name.startsWith('restart'));
  });

test('a latency is measured for the changes behind the first second', async () => {
  const { metrics, problems } = await SCENARIOS['latency-1000']!.run(small('latency-1000', { changes: 2500 }));
  assert.deepEqual(problems, []);
  assert.ok(metrics.latencyMsP50! > 0 && metrics.latencyMsP50! <= metrics.latencyMsP99!);
  assert.ok(metrics.ackMsP50! > metrics.latencyMsP50! && metrics.ackMsP99! > metrics.latencyMsP99!);
});
