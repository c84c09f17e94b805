import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, forgetStream } from '../../src/telemetry/metrics.ts';
import { observeProcess } from '../../src/telemetry/process-metrics.ts';

/** Labels that have few values, whatever the cluster holds. */
const LABELS = new Set([
  'stream',
  'result',
  'status',
  'state',
  'shard',
  'exporter',
  'reason',
  'field',
  'table',
  'hash',
]);

test('metrics have the prefix, help, base units and no labels that could hold object names', async () => {
  const { registry } = createMetrics();
  for (const m of await registry.getMetricsAsJSON()) {
    assert.match(m.name, /^watershard_[a-z_]+$/);
    assert.match(m.help, /\.$/, m.name);
    assert.equal(String(m.type) === 'counter', m.name.endsWith('_total'), m.name);
    assert.doesNotMatch(m.name, /_(ms|millis|micros|kb|mb|kib|mib)(_|$)/);
  }
  for (const metric of registry.getMetricsAsArray()) {
    const names = (metric as unknown as { labelNames: string[] }).labelNames;
    for (const label of names) assert.ok(LABELS.has(label), `${metric.name}: label ${label}`);
  }
});

test('the delay of the main thread is seen, and is of the time since the last sample', async () => {
  const metrics = createMetrics();
  const observed = observeProcess(metrics);
  const lag = async (): Promise<number> => {
    observed.sample();
    return (await metrics.mainLoopLag.get()).values[0]!.value;
  };
  await lag();
  await new Promise((r) => setTimeout(r, 60)); // the first interval after a sample is not measured
  const until = performance.now() + 300;
  while (performance.now() < until);
  await new Promise((r) => setTimeout(r, 60));
  assert.ok((await lag()) > 0.15);
  const text = await metrics.registry.metrics();
  assert.match(text, /^process_cpu_seconds_total /m);
  assert.match(text, /^nodejs_heap_size_used_bytes /m);
  observed.close();
});

test('the series of a stream that has gone go, and no others', async () => {
  const metrics = createMetrics();
  for (const stream of ['gadgets.example.com', 'gadgets']) {
    metrics.lists.inc({ stream, result: 'ok' });
    metrics.lists.inc({ stream, result: 'error' });
    metrics.knownObjects.set({ stream }, 1);
  }
  await forgetStream(metrics, 'gadgets.example.com');
  const text = await metrics.registry.metrics();
  assert.doesNotMatch(text, /gadgets\.example\.com/);
  assert.equal(text.match(/\{stream="gadgets"/g)?.length, 3);
  metrics.lists.inc({ stream: 'gadgets.example.com', result: 'ok' });
  assert.match(await metrics.registry.metrics(), /lists_total\{stream="gadgets\.example\.com",result="ok"\} 1$/m);
});

test('two of them can stand on one registry', () => {
  const metrics = createMetrics();
  observeProcess(metrics).close();
  observeProcess(metrics).close();
});
