import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type OtlpConfig, telemetryConfig } from '../../src/telemetry/config.ts';
import type { Logger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { Otlp } from '../../src/telemetry/otlp.ts';
import { BatchTraces } from '../../src/topology/batch-traces.ts';
import { unixMicros } from '../../src/watch/clock.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { until } from '../support/until.ts';

describe('OTLP', () => {
  let receiver: OtlpReceiver;
  let metrics: Metrics;
  let otlp: Otlp;
  let said: string[];
  beforeEach(async () => {
    receiver = await OtlpReceiver.start();
    [metrics, said] = [createMetrics(), []];
    const note = (level: string) => (first: unknown, text?: string) => void said.push(`${level} ${text ?? first}`);
    const logger = { warn: note('warn'), info: note('info'), debug: () => undefined } as unknown as Logger;
    otlp = new Otlp({ metrics, logger, version: '1.2.3', cluster: 'prod' });
  });
  afterEach(async () => {
    await otlp.close();
    await receiver.stop();
  });

  const config = (changes: Partial<OtlpConfig> = {}): OtlpConfig => ({
    endpoint: receiver.url,
    metrics: true,
    traces: true,
    interval: 1000,
    ratio: 1,
    headers: { 'x-tenant': 'a' },
    ...changes,
  });

  test('metrics keep their names, labels and values', async () => {
    metrics.lists.inc({ stream: 'pods', result: 'ok' }, 3);
    metrics.streamLag.set({ stream: 'pods' }, 1.5);
    for (const seconds of [0.001, 0.02, 0.03, 700]) metrics.ackSeconds.observe({ exporter: 'bus' }, seconds);
    await otlp.apply(config({ endpoint: `${receiver.url}/` }));
    await until('they were sent', () => receiver.metric('watershard_lists_total') !== undefined);
    assert.equal(receiver.headers['x-tenant'], 'a');
    assert.equal(receiver.headers['content-type'], 'application/x-protobuf');
    const { 'service.name': service, 'service.version': version, 'k8s.cluster.name': cluster } = receiver.resource;
    assert.deepEqual([service, version, cluster], ['watershard', '1.2.3', 'prod']);

    const lists = receiver.metric('watershard_lists_total')!;
    assert.deepEqual([lists.kind, lists.monotonic, lists.temporality], ['sum', true, 2]);
    assert.deepEqual(
      lists.points.map((p) => [p.attributes, p.value]),
      [[{ stream: 'pods', result: 'ok' }, 3]],
    );
    const lag = receiver.metric('watershard_stream_lag_seconds')!;
    assert.deepEqual([lag.kind, lag.unit, lag.points[0]?.value], ['gauge', 's', 1.5]);
    const acks = receiver.metric('watershard_exporter_ack_seconds')!;
    const [point] = acks.points;
    assert.deepEqual([acks.kind, acks.temporality, point?.attributes], ['histogram', 2, { exporter: 'bus' }]);
    assert.deepEqual(point?.bounds, [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60]);
    assert.deepEqual(point?.counts, [1, 0, 2, 0, 0, 0, 0, 0, 0, 1]);
    assert.deepEqual([point?.count, point?.value], [4, 700.051]);
    // and all there are, with the same numbers of series
    const own = await metrics.registry.getMetricsAsJSON();
    assert.deepEqual(receiver.metrics.map((m) => m.name).sort(), own.map((m) => m.name).sort());
  });

  test('a batch is a span from the read to the last acknowledgement, with one an exporter', async () => {
    await otlp.apply(config({ metrics: false }));
    const traces = new BatchTraces('pods', otlp.tracer);
    const observedAt = unixMicros() - 5000;
    traces.begin({ sequence: 1, records: 0, bytes: 10, observedAt, recipients: [] });
    traces.begin({ sequence: 2, records: 7, bytes: 1000, observedAt, recipients: ['bus', 'lake'] });
    traces.begin({ sequence: 3, records: 8, bytes: 2000, observedAt, recipients: ['bus'] });
    traces.stored('bus', 2);
    traces.stored('lake', 9);
    await otlp.close();
    const { spans } = receiver;
    assert.deepEqual(spans.map((s) => s.name).sort(), ['batch', 'export', 'export', 'transform']);
    const root = spans.find((s) => s.name === 'batch')!;
    assert.equal(root.parent, '');
    assert.deepEqual(root.attributes, {
      'watershard.stream': 'pods',
      'watershard.records': 7,
      'watershard.bytes': 1000,
    });
    assert.equal(Math.round(root.start / 1000), observedAt);
    for (const span of spans.filter((s) => s !== root)) {
      assert.equal(span.parent, root.id);
      assert.equal(span.trace, root.trace);
      assert.ok(span.start >= root.start && span.end <= root.end && span.end >= span.start);
    }
    assert.deepEqual(spans.flatMap((s) => s.attributes['watershard.exporter'] ?? []).sort(), ['bus', 'lake']);
  });

  test('the ratio is kept', async () => {
    await otlp.apply(config({ metrics: false, ratio: 0.25 }));
    const sampled = Array.from({ length: 8000 }, () => otlp.tracer.sample()).filter(Boolean).length;
    assert.ok(sampled > 1600 && sampled < 2400, `${sampled} of 8000`); // 10 standard deviations
    await otlp.apply(config({ metrics: false, ratio: 0 }));
    assert.ok(!otlp.tracer.sample());
    await otlp.apply(config({ traces: false, metrics: false }));
    assert.ok(!otlp.tracer.sample());
    await otlp.apply(undefined);
    assert.ok(!otlp.tracer.sample());
  });

  test('a receiver that refuses is told of once, and so is that it takes them again; the end does not wait for it', async () => {
    receiver.status = 400;
    await otlp.apply(config());
    await until('it was refused twice', () => receiver.requests >= 2);
    assert.deepEqual(said, ['warn metrics cannot be sent by OTLP; they are tried again']);
    receiver.status = 200;
    await until('it is said', () => said.length === 2);
    assert.deepEqual(said.slice(1), ['info metrics are sent by OTLP again']);
    await receiver.stop();
    await otlp.close();
  });

  test('the address is changed while it runs', async () => {
    await otlp.apply(config());
    const other = await OtlpReceiver.start();
    try {
      await otlp.apply(config({ endpoint: other.url }));
      const before = receiver.requests;
      await until('the other one gets them', () => other.metrics.length > 0);
      assert.equal(receiver.requests, before);
      await otlp.apply(undefined);
    } finally {
      await other.stop();
    }
  });
});

test('a package that is not installed is named, and how to install it', () => {
  const module = new URL('../../src/telemetry/otlp-packages.ts', import.meta.url).href;
  const hook = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name !== '@opentelemetry/sdk-trace') return next(name, context);
      throw Object.assign(new Error("Cannot find package '@opentelemetry/sdk-trace'"), { code: 'ERR_MODULE_NOT_FOUND' });
    } });`;
  const code = ` import { loadOtlpPackages } from '${module}';
    await loadOtlpPackages().catch((e) => console.log(e.code, e.message));`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, '--input-type=module', '-e', code];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.match(stdout, /^TELEMETRY_DRIVER_MISSING .*npm install @opentelemetry\/api .*@opentelemetry\/sdk-trace /);
});

test('the endpoint is the base address, without credentials', () => {
  const parse = (endpoint: string): boolean => telemetryConfig.safeParse({ otlp: { endpoint } }).success;
  for (const good of ['http://collector:4318', 'https://otlp.example/tenant/']) assert.ok(parse(good), good);
  for (const bad of ['collector:4318', 'grpc://collector:4317', 'http://a:b@collector', 'http://collector/?key=a'])
    assert.ok(!parse(bad), bad);
  const refused = telemetryConfig.safeParse({ otlp: { endpoint: 'http://a:s3cret@collector' } });
  assert.doesNotMatch(String(refused.error), /s3cret/);
});
