import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ExporterStatus } from '../../src/model/status.ts';
import { checkLiving, checkStream, checkWrites } from '../support/checker.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { makeStream, readStream } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

const MIB = 2 ** 20;
const SOME = KINDS.filter((k) => ['configmaps', 'pods', 'secrets'].includes(k.name)).map((k) =>
  k.name === 'configmaps'
    ? {
        ...k,
        body: (name: string, v: number) => ({ metadata: { name }, data: { value: String(v), text: 'x'.repeat(8000) } }),
      }
    : k,
);

/** Of one object it is the end of the thread: as many values as two of its lists are long, multiplied. */
const DEADLY = {
  resources: ['configmaps'],
  extract: { words: "object.data.outer.split(',').map(w, object.data.inner.split(','))" },
};

describe('an optional exporter with a buffer on disk: what is committed reaches it, crashes or not', () => {
  let kube: KubeServer;
  let bus: NatsServer;
  let spare: NatsServer;
  let workload: Workload;
  const program = new Watershard();
  before(async () => {
    [kube, bus, spare] = await Promise.all([KubeServer.start(), NatsServer.start(), NatsServer.start()]);
    await Promise.all([makeStream(bus.url), makeStream(spare.url)]);
    workload = new Workload(kube, 77, ['alpha'], SOME);
    await workload.prepare();
  });
  after(async () => {
    await program.kill();
    await Promise.all([kube.stop(), bus.stop(), spare.stop()]);
  });

  const config = (
    spareChanges: Record<string, unknown> = {},
    rest: Record<string, unknown> = {},
  ): Record<string, unknown> => ({
    ...rest,
    cluster: { name: 'demo' },
    kubeconfig: kube.kubeconfig,
    watch: { resources: ['configmaps', 'pods', 'secrets'], namespaces: { include: ['alpha'] } },
    workers: 2,
    drain: { timeout: '10m' },
    exporters: [
      { name: 'bus', type: 'jetstream', servers: [bus.url], stream: 'K8S' },
      {
        name: 'spare',
        type: 'jetstream',
        servers: [spare.url],
        stream: 'K8S',
        required: false,
        buffer: { type: 'disk', bytes: '64MiB' },
        ...spareChanges,
      },
    ],
  });
  const exporter = async (name: string): Promise<ExporterStatus> =>
    (await program.status()).exporters.find((e) => e.name === name)!;
  /** All that the workload has written is in the required stream, and so read; and committed. */
  const inBus = async (): Promise<void> => {
    await until('the required sink has everything', async () => {
      checkWrites(await readStream(bus.url), workload.writes, 'the stream');
      return (await program.status()).streams.every((s) => s.lagSeconds === 0);
    });
  };
  const folder = join(program.folder, 'data', 'buffers', 'spare');
  const segments = (): string[] =>
    existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.segment')) : [];
  const spareHasAll = async (): Promise<void> => {
    await until('the spare sink has caught up', async () => {
      const { ok, pendingBytes } = await exporter('spare');
      return ok && pendingBytes === 0;
    });
    const [records, late] = [await readStream(bus.url), await readStream(spare.url)];
    checkStream(records);
    checkStream(late);
    checkWrites(records, workload.writes, 'the required stream');
    checkWrites(late, workload.writes, 'the spare stream');
    checkLiving(late, workload, ['alpha']);
    const ids = (of: typeof records): string[] => of.map((r) => r.id).sort();
    assert.deepEqual(ids(late), ids(records), 'the same records in both');
    assert.doesNotMatch(await program.metrics(), /records_dropped_total\{exporter="spare"/);
  };

  test('SIGKILL and SIGTERM while its sink is away, more than it holds in memory: everything is there, once, in order', async () => {
    await spare.stop();
    await program.start(config());
    await program.ready();
    await workload.create(900);
    await workload.churn(600);
    await inBus();
    const { ok, buffer } = await exporter('spare');
    assert.equal(ok, false);
    assert.equal(buffer?.type, 'disk');
    assert.ok(buffer.bytes > 4 * MIB && buffer.records > 1000, JSON.stringify(buffer));
    assert.ok(buffer.diskBytes! >= 0.9 * buffer.bytes);
    assert.match(await program.metrics(), /watershard_exporter_buffer_records\{exporter="spare"\} \d{4}/);

    // In the middle of changes, so that something is on its way everywhere.
    const load = workload.churn(400);
    await new Promise((r) => setTimeout(r, 500));
    await program.kill();
    await load;
    await program.start(config());
    await program.ready();
    await workload.churn(200);
    await inBus();
    assert.equal(await program.stop('SIGTERM'), 0, 'a sink that is away is not waited for');
    await program.start(config());
    await program.ready();
    await workload.churn(100);
    await inBus();
    assert.ok((await exporter('spare')).buffer!.records > 1500);

    await spare.restart();
    await spareHasAll();
  });

  test('SIGKILL while it catches up: nothing is lost and nothing stored twice', async () => {
    await spare.stop();
    await workload.churn(500);
    await inBus();
    const before = (await exporter('spare')).pendingBytes;
    await spare.restart();
    await until('it catches up', async () => (await exporter('spare')).pendingBytes < before);
    await program.kill();
    await program.start(config());
    await program.ready();
    await spareHasAll();
    await until('what was delivered is not kept', async () => (await exporter('spare')).buffer!.diskBytes! < 2 * MIB);
    assert.equal(await program.stop(), 0);
    assert.deepEqual(segments(), []);
  });

  test('a worker thread ends and its streams begin again: what is committed stays in the buffer, and nothing comes twice', async () => {
    await spare.stop();
    const flow = { taskTimeout: '3s', workerHeap: '96MiB' };
    await program.start(config({}, { rules: [DEADLY], flow }));
    await program.ready();
    await workload.create(300);
    let on = true;
    const load = (async () => {
      while (on) await workload.churn(30);
    })();
    const body = { metadata: { name: 'deadly' }, data: { outer: ','.repeat(20_000), inner: ','.repeat(200_000) } };
    await kube.must('POST', '/api/v1/namespaces/alpha/configmaps', body);
    await until('the object is set aside', async () =>
      /records_quarantined_total\{stream="configmaps@alpha",reason="OBJECT_POISONOUS"\} 1/.test(
        await program.metrics(),
      ),
    );
    on = false;
    await load;
    assert.ok((await program.status()).shards.some((s) => s.restarts > 0));
    await inBus();
    await spare.restart();
    await spareHasAll();
    assert.equal(await program.stop(), 0);
    await kube.must('DELETE', '/api/v1/namespaces/alpha/configmaps/deadly');
  });

  test('its encoding was changed meanwhile: what waits is set aside and counted, and what follows is delivered', async () => {
    await spare.stop();
    await program.start(config());
    await program.ready();
    await workload.create(20);
    await inBus();
    const { records } = (await exporter('spare')).buffer!;
    assert.ok(records >= 20);
    assert.equal(await program.stop(), 0);
    const known = (await readStream(bus.url)).length;
    await program.start(config({ encoding: 'cloudevents' }));
    await program.ready();
    const dropped = new RegExp(`records_dropped_total\\{exporter="spare",reason="buffer-outdated"\\} ${records}\\n`);
    assert.match(await program.metrics(), dropped);
    assert.match(program.log, /was written for another cluster name, type, encoding or subject/);
    assert.ok(readdirSync(join(folder, 'set-aside')).length > 0);
    await spare.restart();
    await workload.create(5);
    await inBus();
    await until('what follows is there', async () => {
      const { ok, acknowledged } = await exporter('spare');
      return ok && acknowledged === (await readStream(bus.url)).length - known;
    });
    assert.equal(await program.stop(), 0);
  });

  test('the exporter is gone from the configuration: its buffer is not forgotten in silence', async () => {
    await spare.stop();
    await program.start(config());
    await program.ready();
    await workload.create(5);
    await inBus();
    assert.equal(await program.stop(), 0);
    const { exporters, ...rest } = config() as { exporters: unknown[] };
    await program.start({ ...rest, exporters: exporters.slice(0, 1) });
    await program.ready();
    assert.match(program.log, /a buffer on disk belongs to no exporter of the configuration/);
    assert.equal(await program.stop(), 0);
  });
});
