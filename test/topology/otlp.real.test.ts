import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

describe('the program sends metrics and traces by OTLP', () => {
  let rig: Rig;
  let receiver: OtlpReceiver;
  let workload: Workload;
  before(async () => {
    [rig, receiver] = await Promise.all([Rig.start(), OtlpReceiver.start()]);
    workload = new Workload(rig.kube, 7, ['tenant-alpha'], KINDS);
    await workload.prepare();
    await workload.create(100);
  });
  after(async () => {
    await rig.stop();
    await receiver.stop();
  });

  const config = (otlp: Record<string, unknown> | undefined): Record<string, unknown> =>
    rig.config(otlp === undefined ? {} : { telemetry: { otlp: { endpoint: receiver.url, interval: '1s', ...otlp } } });

  test('what is sent is what /metrics says, and a span for each batch, without a word of any object', async () => {
    await rig.program.start(config({ ratio: 1 }));
    await rig.program.ready(90);
    await workload.churn(200);
    await rig.settled();
    const sum = (): number =>
      (receiver.metric('watershard_exporter_records_total')?.points ?? []).reduce((n, p) => n + p.value, 0);
    const expected = (await rig.program.status()).exporters.reduce((n, e) => n + e.acknowledged, 0);
    await until('the counts are those of the status', () => sum() === expected);
    assert.equal(receiver.resource['k8s.cluster.name'], 'demo');

    await until('the spans are there', () => receiver.spans.length > 0);
    assert.equal(await rig.program.stop(), 0);
    const roots = receiver.spans.filter((s) => s.name === 'batch');
    const records = await rig.records();
    const traced = roots.reduce((n, s) => n + Number(s.attributes['watershard.records']), 0);
    assert.equal(traced, records.length, 'every batch is in one span');
    const streams = new Set(roots.map((s) => s.attributes['watershard.stream']));
    assert.deepEqual(
      ['pods', 'configmaps', 'secrets'].filter((s) => !streams.has(s)),
      [],
    );
    for (const root of roots) {
      const below = receiver.spans.filter((s) => s.trace === root.trace && s.name === 'export');
      assert.deepEqual(below.map((s) => s.attributes['watershard.exporter']).sort(), ['bus', 'lake']);
    }
    const sent = receiver.bytes.toString('latin1');
    for (const word of [
      'tenant-alpha',
      'example.com/tier',
      'registry.example',
      ...[...workload.living.values()].map((o) => o.uid),
    ])
      assert.ok(!sent.includes(word), `${word} was sent`);
  });

  test('it is switched on and off by a change of the file, without a restart of anything else', async () => {
    await rig.program.start(config(undefined));
    await rig.program.ready(90);
    const applied = (): Promise<boolean> =>
      rig.program.status().then(({ config }) => config?.lastReload?.result === 'applied');
    const since = (await rig.program.status()).streams.map((s) => s.since);
    const { requests } = receiver;
    rig.program.configure(config({}));
    await until('it sends', () => receiver.requests > requests + 1);
    await until('that is said', applied);
    const { hash } = (await rig.program.status()).config!;
    rig.program.configure(config(undefined));
    await until('the other is in use', async () => (await rig.program.status()).config?.hash !== hash);
    assert.ok(await applied());
    assert.deepEqual(
      (await rig.program.status()).streams.map((s) => s.since),
      since,
    );
    assert.equal(await rig.program.stop(), 0);
  });
});
