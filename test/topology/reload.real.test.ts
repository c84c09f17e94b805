import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { ConfigStatus, ReloadResult } from '../../src/model/status.ts';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const SMALL = KINDS.filter((k) => ['configmaps', 'pods', 'services'].includes(k.name));
const POD_RULE = { resources: ['pods'], extract: { phase: 'object.status.phase' }, diff: 'merge-patch' };
const LABEL_RULE = { resources: ['configmaps'], extract: { tier: "object.metadata.labels['example.com/tier']" } };

describe('the configuration is changed while it runs', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    await makeStream(rig.nats.url, 'MORE', ['more.>']);
    workload = new Workload(rig.kube, 5, NAMESPACES, SMALL);
    await workload.prepare();
    await workload.create(300);
    await rig.program.start(config());
    await rig.program.ready(90);
  });
  after(() => rig.stop());

  const bus = (): Record<string, unknown>[] => rig.config().exporters as Record<string, unknown>[];
  const more = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
    name: 'more',
    type: 'jetstream',
    servers: [rig.nats.url],
    stream: 'MORE',
    subject: 'more.{resource}.{namespace}.{name}',
    encoding: 'json',
    ...changes,
  });
  const config = (changes: Record<string, unknown> = {}): Record<string, unknown> =>
    rig.config({
      watch: { resources: ['pods', 'configmaps', 'services'], namespaces: { exclude: ['kube-system'] } },
      rules: [POD_RULE],
      ...changes,
    });

  async function reloaded(text: string, result: ReloadResult): Promise<ConfigStatus> {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
    return await until(
      `the change is ${result}`,
      async () => {
        const { config } = await rig.program.status();
        const last = config?.lastReload;
        if (last?.hash !== hash || last.result !== result) throw new Error(JSON.stringify(config));
        return config;
      },
      60,
    );
  }

  test('under load: nothing missing, nothing twice, in order, with a rule more, an exporter more and less, and an invalid file', async () => {
    let busy = true;
    const load = (async () => {
      while (busy) await workload.churn(60);
    })();
    try {
      const after = (changes: Record<string, unknown>, result: ReloadResult): Promise<ConfigStatus> =>
        reloaded(rig.program.configure(config(changes)), result);
      const rules = [POD_RULE, LABEL_RULE];
      assert.match(await rig.program.metrics(), /^watershard_config_last_reload_successful 1$/m);

      await after({ rules }, 'applied');
      await rig.program.ready();
      const invalid = await after({ rules: [{ ...LABEL_RULE, extract: { tier: 'object.(' } }] }, 'invalid');
      assert.equal(invalid.lastReload?.error?.code, 'EXPRESSION_INVALID');
      assert.notEqual(invalid.hash, invalid.lastReload?.hash);
      assert.match(await rig.program.metrics(), /^watershard_config_last_reload_successful 0$/m);
      await rig.program.ready();
      await after({ rules, exporters: [...bus(), more()] }, 'applied');
      await rig.program.ready();
      const written = workload.writes.length;
      await until('there is more load', () => workload.writes.length > written + 200);
      await after({ rules }, 'applied');
      await rig.program.ready();
    } finally {
      busy = false;
    }
    await load;
    await rig.settled();

    const metrics = await rig.program.metrics();
    assert.match(metrics, /^watershard_config_reloads_total\{result="applied"\} 3$/m);
    assert.match(metrics, /^watershard_config_reloads_total\{result="invalid"\} 1$/m);
    assert.match(metrics, /^watershard_config_last_reload_successful 1$/m);
    const status = await rig.program.status();
    assert.match(metrics, new RegExp(`^watershard_config_info\\{hash="${status.config?.hash}"\\} 1$`, 'm'));
    assert.equal(metrics.match(/^watershard_config_info/gm)?.length, 1);
    assert.doesNotMatch(metrics, /^watershard_exporter_duplicates_total\{.*\} [^0]/m, 'nothing was even sent twice');
    assert.doesNotMatch(rig.program.log, /"level":(4|5)0(?!.*the changed configuration cannot be used)/);
    assert.doesNotMatch(metrics, /^watershard_exporter_connected\{exporter="more"\}/m);
    assert.deepEqual(
      status.exporters.map((e) => e.name),
      ['bus', 'lake'],
    );

    const records = await rig.records();
    const ours = records.filter((r) => NAMESPACES.includes(r.namespace));
    assert.ok(status.totals.records >= ours.length, 'totals are since the start, over all reloads');
    checkStream(records);
    checkWrites(records, workload.writes, 'JetStream');
    checkLiving(records, workload, NAMESPACES);
    const labelled = ours.filter((r) => r.resource === 'configmaps' && r.fields?.tier !== undefined);
    assert.ok(labelled.length > 0, 'the new rule was at work');
    const extra = await readStream(rig.nats.url, 'MORE');
    checkStream(extra);
    assert.ok(extra.length >= 100, `the new exporter got ${extra.length} records`);
    const ids = new Set(records.map((r) => r.id));
    assert.ok(
      extra.every((r) => ids.has(r.id)),
      'and they are the same',
    );
  });

  test('what only the start finds wrong: the former configuration goes on', async () => {
    const log = rig.program.log.length;
    const exporters = [...bus(), more({ createStream: { subjects: ['k8s.>'] }, stream: 'OVERLAP' })];
    const config_ = await reloaded(rig.program.configure(config({ exporters })), 'failed');
    assert.equal(config_.lastReload?.error?.code, 'EXPORTER_MISCONFIGURED');
    await rig.program.ready();
    assert.match(rig.program.log.slice(log), /did not start; the former one goes on/);
    const { exporters: running } = await rig.program.status();
    assert.deepEqual(
      running.map((e) => e.name),
      ['bus', 'lake'],
    );
    await workload.churn(50);
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'JetStream');
  });

  test('a new sink that does not answer: the former configuration goes on, and has missed nothing', async () => {
    const exporters = [...bus(), more({ servers: ['nats://127.0.0.1:9'] })];
    const load = workload.churn(100);
    const text = rig.program.configure(config({ exporters, reload: { timeout: '2s' } }));
    const { lastReload } = await reloaded(text, 'failed');
    assert.equal(lastReload?.error?.code, 'CONFIG_NOT_STARTED');
    assert.match(lastReload?.error?.message ?? '', /more: .*EXPORTER_UNREACHABLE/);
    await load;
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'JetStream');
  });

  test('a setting that holds for the life of the process is refused by its name', async () => {
    const started = (await rig.program.status()).streams.map((s) => s.since);
    const { lastReload } = await reloaded(
      rig.program.configure(config({ state: { url: rig.redis.url, lease: { ttl: '20s' } } })),
      'refused',
    );
    assert.equal(lastReload?.error?.code, 'CONFIG_NEEDS_RESTART');
    assert.match(lastReload?.error?.message ?? '', /^state\.lease\.ttl is changed/);
    assert.deepEqual(
      (await rig.program.status()).streams.map((s) => s.since),
      started,
      'nothing began again',
    );
  });

  test('the level of the log is changed without a restart, and SIGHUP reads the file once more', async () => {
    await reloaded(rig.program.configure(config({ rules: [POD_RULE, LABEL_RULE] })), 'unchanged');
    const since = (await rig.program.status()).streams.map((s) => s.since);
    const text = rig.program.configure(config({ rules: [POD_RULE, LABEL_RULE], log: { levels: { watch: 'debug' } } }));
    await reloaded(text, 'applied');
    rig.program.signal('SIGHUP');
    await reloaded(text, 'unchanged');
    assert.deepEqual(
      (await rig.program.status()).streams.map((s) => s.since),
      since,
    );
  });

  test('at the end the table has what the stream has', async () => {
    await rig.settled();
    assert.equal(await rig.program.stop(), 0);
    checkTable(await rig.rows(), await rig.records());
  });
});
