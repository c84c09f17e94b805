import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import type { ExporterStatus } from '../../src/model/status.ts';
import { StreamCheck } from '../support/checker.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { SimulatorServer } from '../support/servers/simulator.ts';
import { makeStream, streamRecords } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const MIB = 2 ** 20;
/** 30 minutes of 500 changes a second are 900,000; they come as fast as they are read, and a part of them by default. */
const CHANGES = Number(process.env.WATERSHARD_TEST_CHANGES ?? 100_000);
const MEMORY = 700 * MIB;
const RESOURCES = ['configmaps', 'secrets', 'pods'];
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

describe('sinks that stand apart: one of two is dead for as long as the cluster makes 100,000 changes or more', () => {
  let simulator: SimulatorServer;
  let bus: NatsServer;
  let other: NatsServer;
  let program: Watershard;
  before(async () => {
    [bus, other] = await Promise.all([NatsServer.start(), NatsServer.start()]);
  });
  after(() => Promise.all([bus.stop(), other.stop()]));
  afterEach(async () => {
    await program.kill();
    await simulator.stop();
  });

  /** A new cluster, and streams of its own. */
  async function begin(
    name: string,
    changes: Record<string, unknown>,
    rest: Record<string, unknown> = {},
  ): Promise<void> {
    simulator = await SimulatorServer.start(
      '--objects 2000 --rate max --paused --resources configmaps=3,secrets=2,pods=1'.split(' '),
    );
    await Promise.all([bus.restart(), other.restart()]);
    for (const { url } of [bus, other]) await makeStream(url, name, [`${name}.>`]);
    const sink = { type: 'jetstream', stream: name, subject: `${name}.{resource}.{namespace}.{name}` };
    program = new Watershard();
    await program.start({
      cluster: { name: 'demo' },
      kubeconfig: simulator.kubeconfig,
      watch: { resources: RESOURCES },
      workers: 1,
      exporters: [
        { name: 'bus', servers: [bus.url], ...sink },
        { name: 'other', servers: [other.url], ...sink, ...changes },
      ],
      ...rest,
    });
    await program.ready();
    await until('the list is delivered', async () =>
      (await program.status()).exporters.every((e) => e.pendingBytes === 0),
    );
  }

  const exporter = async (name: string): Promise<ExporterStatus> =>
    (await program.status()).exporters.find((e) => e.name === name)!;
  const memory = (): number =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))![1]) * 1024;

  /** Lets the cluster make this many changes, as fast as they are read. @returns the most memory that was seen */
  async function churn(changes: number, while_: () => Promise<boolean> = async () => true): Promise<number> {
    const before = (await simulator.control()).changes;
    await simulator.control('start-churn');
    let peak = 0;
    await until(
      `${changes} changes`,
      async () => {
        peak = Math.max(peak, memory());
        return (await simulator.control()).changes - before >= changes || !(await while_());
      },
      60 + changes / 500,
    );
    await simulator.control('stop-churn');
    return peak;
  }

  /** Every version of every object once and in order, and the last ones are those that the cluster has. */
  async function check(server: NatsServer, name: string): Promise<Set<string>> {
    const check = new StreamCheck();
    const last = new Map<string, Map<string, string>>();
    for await (const record of streamRecords(server.url, name)) {
      check.add(record);
      const objects = last.get(record.resource) ?? new Map<string, string>();
      last.set(record.resource, objects);
      const key = `${record.namespace}/${record.name}`;
      if (record.operation === 'DELETED') objects.delete(key);
      else objects.set(key, `${record.uid} ${record.resourceVersion}`);
    }
    const { resources } = await simulator.truth();
    for (const resource of RESOURCES) {
      const { hash, count } = resources[resource]!;
      const lines = [...(last.get(resource) ?? [])].map(([key, version]) => `${key} ${version}\n`).sort();
      assert.equal(lines.length, count, resource);
      assert.equal(createHash('sha256').update(lines.join('')).digest('hex'), hash, `${resource}: the last versions`);
    }
    return check.ids;
  }

  /** All that the cluster has made. */
  async function committed(): Promise<boolean> {
    const [{ ready, streams }, { resources }] = await Promise.all([program.status(), simulator.truth()]);
    return ready && streams.every((s) => s.resourceVersion === resources[s.resource]!.resourceVersion);
  }

  function sameIds(some: Set<string>, all: Set<string>): void {
    assert.deepEqual([...all].filter((id) => !some.has(id)).slice(0, 5), [], 'missing');
    assert.equal(some.size, all.size);
  }

  async function told(t: TestContext, what: string, peak: number): Promise<void> {
    const metrics = await program.metrics();
    const value = (name: string): number =>
      Number(new RegExp(`^watershard_exporter_ack_seconds_${name}\\{exporter="bus"\\} (\\S+)`, 'm').exec(metrics)?.[1]);
    const mean = ((value('sum') / value('count')) * 1000).toFixed(1);
    t.diagnostic(
      `${what}: at most ${Math.round(peak / MIB)} MiB; bus: ${mean} ms to its acknowledgement in the mean so far`,
    );
  }

  test('optional, with a buffer on disk: the other one goes on, memory is bounded, and it gets everything later', async (t) => {
    await begin('optional', { required: false, buffer: { type: 'disk', bytes: '8GiB' } });
    await told(t, 'both there', await churn(CHANGES / 10));
    await other.stop();
    const peak = await churn(CHANGES);
    await told(t, 'one dead', peak);
    assert.ok(peak < MEMORY, `${Math.round(peak / MIB)} MiB`);
    await until('the other one has everything, and it is committed', committed);
    const ids = await check(bus, 'optional');
    assert.ok(ids.size > CHANGES);
    const { ok, buffer } = await exporter('other');
    assert.equal(ok, false);
    assert.ok(buffer!.records >= CHANGES, `${buffer!.records} records wait`);

    await other.restart();
    let catching = 0;
    await until(
      'it has caught up',
      async () => {
        catching = Math.max(catching, memory());
        return (await exporter('other')).buffer!.records === 0;
      },
      60 + CHANGES / 500,
    );
    assert.doesNotMatch(await program.metrics(), /(records_dropped_total|buffer_damaged_bytes_total)\{/);
    assert.ok(catching < MEMORY, `${Math.round(catching / MIB)} MiB`);
    sameIds(await check(other, 'optional'), ids);
    assert.ok((await exporter('other')).buffer!.diskBytes! < 8 * MIB, 'the disk is free again');
    assert.equal(await program.stop(), 0);
  });

  test('required: the watch is not read, memory is bounded, readiness says why, and everything comes later', async (t) => {
    await begin('required', {}, { flow: { bytesInFlight: '16MiB' } });
    await other.stop();
    const read = async (): Promise<number> => (await program.status()).totals.bytes;
    let [last, still] = [0, 0];
    const standing = async (): Promise<boolean> => {
      const bytes = await read();
      still = bytes === last ? still + 1 : 0;
      last = bytes;
      return still < 30;
    };
    const peak = await churn(CHANGES, standing);
    assert.ok(still >= 30, 'it reads no more');
    await told(t, 'one dead', peak);
    assert.ok(peak < MEMORY, `${Math.round(peak / MIB)} MiB`);
    await simulator.control('start-churn');
    for (let i = 0; i < 20; i++) {
      await wait(100);
      assert.equal(await read(), last, 'nor after a while');
    }
    const { ready, reasons, credits } = await program.status();
    assert.equal(ready, false);
    assert.match(reasons.join('\n'), /exporter other: .*(unreachable|broke|refused|connect)/i);
    assert.ok(
      credits.inFlight > credits.limit / 4 && credits.inFlight < credits.limit + 4 * MIB,
      `${credits.inFlight} bytes`,
    );
    assert.ok((await simulator.control()).changes < CHANGES, 'the cluster could not make them all');

    await other.restart();
    await program.ready(120);
    await churn(CHANGES / 10);
    await until('both have everything, and it is committed', committed);
    const ids = await check(bus, 'required');
    sameIds(await check(other, 'required'), ids);
    assert.equal(await program.stop(), 0);
  });
});
