import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExporterStatus } from '../../src/model/status.ts';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const MIB = 2 ** 20;
const CONFIG_MAPS = KINDS.filter((k) => k.name === 'configmaps').map((k) => ({
  ...k,
  body: (name: string, v: number) => ({ metadata: { name }, data: { value: String(v), text: 'x'.repeat(12_000) } }),
}));

describe('an optional exporter loses by its policy and holds up nothing', () => {
  let rig: Rig;
  let newest: NatsServer;
  let oldest: NatsServer;
  let workload: Workload;
  const optional = (name: string, server: NatsServer, overflow: string): unknown => ({
    name,
    type: 'jetstream',
    servers: [server.url],
    stream: 'K8S',
    required: false,
    buffer: { bytes: '1MiB', overflow },
  });
  before(async () => {
    [rig, newest, oldest] = await Promise.all([Rig.start(), NatsServer.start(), NatsServer.start()]);
    for (const server of [newest, oldest]) await makeStream(server.url);
    for (const server of [newest, oldest]) await server.stop();
    workload = new Workload(rig.kube, 21, ['alpha'], CONFIG_MAPS);
    await workload.prepare();
    const { exporters } = rig.config() as { exporters: unknown[] };
    await rig.program.start(
      rig.config({
        watch: { resources: ['configmaps'], namespaces: { include: ['alpha'] } },
        exporters: [...exporters, optional('newest', newest, 'drop-newest'), optional('oldest', oldest, 'drop-oldest')],
      }),
    );
    await rig.program.ready();
    await workload.create(400); // 5 MB in five buffers' worth of batches
    await workload.churn(200);
    await rig.settled();
  });
  after(async () => {
    await rig.stop();
    await Promise.all([newest.stop(), oldest.stop()]);
  });

  const exporter = async (name: string): Promise<ExporterStatus> =>
    (await rig.program.status()).exporters.find((e) => e.name === name)!;
  const dropped = async (name: string): Promise<number> => {
    const line = new RegExp(`records_dropped_total\\{exporter="${name}",reason="overflow"\\} (\\d+)`);
    return Number(line.exec(await rig.program.metrics())?.[1] ?? 0);
  };

  test('its server is away: the required ones get everything, positions are committed, it is ready', async () => {
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'the stream');
    checkLiving(records, workload, ['alpha']);
    checkTable(await rig.rows(), records);
    const status = await rig.program.status();
    assert.equal(status.ready, true);
    assert.equal(status.streams[0]!.lagSeconds, 0);
    const last = records.at(-1)!.resourceVersion;
    assert.ok(BigInt(status.streams[0]!.resourceVersion) >= BigInt(last), 'committed up to the last record');
  });

  test('what its buffer cannot hold is counted as dropped, with the reason, and said in the log', async () => {
    for (const name of ['newest', 'oldest']) {
      const { ok, detail, pendingBytes } = await exporter(name);
      assert.equal(ok, false);
      assert.match(detail ?? '', /unreachable|refused|connect/i);
      assert.ok(pendingBytes > MIB / 4 && pendingBytes <= MIB, `${name} has ${pendingBytes} bytes`);
      assert.ok((await dropped(name)) > 0);
    }
    assert.match(rig.program.log, /the buffer of an optional exporter is full/);
  });

  test('the server comes: what was kept is delivered in order, all is accounted for, and what follows flows', async () => {
    const made = (await rig.records()).length;
    await Promise.all([newest.restart(), oldest.restart()]);
    for (const [name, server] of [
      ['newest', newest],
      ['oldest', oldest],
    ] as const) {
      await until(`${name} has caught up`, async () => {
        const { ok, pendingBytes } = await exporter(name);
        return ok && pendingBytes === 0;
      });
      const kept = await readStream(server.url);
      checkStream(kept);
      assert.equal(kept.length + (await dropped(name)), made);
      assert.equal((await exporter(name)).acknowledged, kept.length);
    }
    const all = await rig.records();
    const early = await readStream(newest.url);
    const late = await readStream(oldest.url);
    // Among different objects there is no order, so the first and the last are looked for and not counted off.
    const has = (kept: typeof all, id: string): boolean => kept.some((r) => r.id === id);
    assert.ok(has(early, all[0]!.id), 'drop-newest keeps the first');
    assert.ok(has(late, all.at(-1)!.id), 'drop-oldest keeps the last');
    assert.ok(!has(early, all.at(-1)!.id), 'drop-newest has lost the last');

    const before = await Promise.all([dropped('newest'), dropped('oldest')]);
    await workload.churn(50);
    await rig.settled();
    const last = (await rig.records()).at(-1)!.id;
    for (const server of [newest, oldest])
      await until('the last is there', async () => has(await readStream(server.url), last));
    assert.deepEqual(await Promise.all([dropped('newest'), dropped('oldest')]), before);
  });
});
