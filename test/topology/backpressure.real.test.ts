import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const MIB = 2 ** 20;
/** What a batch has at most beyond the credit: it is cut at the size of what the socket gives, or at one event. */
const BATCH = MIB;
const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));
const large = (name: string) =>
  KINDS.filter((k) => k.name === name).map((k) => ({
    ...k,
    // Random text, or JetStream and Parquet would hold little of it.
    body: (n: string, v: number) => ({ metadata: { name: n }, data: { text: text(10_000 + (v % 5) * 10_000) } }),
    change: (v: number) => ({ data: { text: text(10_000 + (v % 5) * 10_000) } }),
  }));
const text = (length: number): string => {
  let s = '';
  while (s.length < length) s += Math.random().toString(36).slice(2);
  return s.slice(0, length);
};

describe('promise 6: a sink that stands still bounds what is read, and nothing is dropped', () => {
  let rig: Rig;
  let workload: Workload;
  let small: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 41, ['alpha'], large('configmaps'));
    small = new Workload(
      rig.kube,
      42,
      ['beta'],
      KINDS.filter((k) => k.name === 'serviceaccounts'),
    );
    await workload.prepare();
    await small.prepare();
  });
  after(() => rig.stop());

  const config = (flow: Record<string, string>, changes: Record<string, unknown> = {}): Record<string, unknown> =>
    rig.config({
      watch: { resources: ['configmaps', 'serviceaccounts'], namespaces: { include: ['alpha', 'beta'] } },
      rules: [],
      flow,
      ...changes,
    });
  const memory = (): number =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${rig.program.pid}/status`, 'utf8'))![1]) * 1024;
  const gauge = async (name: string): Promise<number> =>
    Number(new RegExp(`^watershard_${name} (\\d+)`, 'm').exec(await rig.program.metrics())?.[1] ?? Number.NaN);

  test('NATS stands still while 3,000 large objects come: memory and bytes in flight stay bounded, it says why', async () => {
    await rig.program.start(config({ bytesInFlight: '8MiB', bytesPerStream: '6MiB' }));
    await rig.program.ready();
    rig.nats.signal('SIGSTOP');
    let peak = 0;
    let inFlight = 0;
    try {
      let on = true;
      const measuring = (async () => {
        while (on) {
          peak = Math.max(peak, memory());
          inFlight = Math.max(inFlight, await gauge('credit_bytes_in_flight'));
          await wait(200);
        }
      })();
      await workload.create(3000);
      await small.create(10);
      const why = await until('it is not ready', async () => {
        const { ready, reasons } = await rig.program.status();
        return ready ? undefined : reasons.join('\n');
      });
      assert.match(why, /exporter bus: .*(not answered|unreachable|connection)/i);
      on = false;
      await measuring;
    } finally {
      rig.nats.signal('SIGCONT');
    }
    const status = await rig.program.status();
    assert.equal(status.credits.limit, 8 * MIB);
    assert.equal(await gauge('credit_bytes_limit'), 8 * MIB);
    assert.ok(inFlight > 4 * MIB, `${inFlight} bytes were in flight: the sink did hold it up`);
    assert.ok(inFlight <= 8 * MIB + 4 * BATCH, `${inFlight} bytes were in flight`);
    assert.ok(peak < 400 * MIB, `${Math.round(peak / MIB)} MiB of memory`);
  });

  test('NATS goes on: everything arrives, once, in order', async () => {
    await rig.program.ready(90);
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, [...workload.writes, ...small.writes], 'the stream');
    checkTable(await rig.rows(), records);
    assert.equal((await rig.program.status()).credits.inFlight, 0);
    assert.equal(await rig.program.stop(), 0);
  });

  test('NATS stands still and the program is told to end: it ends within its grace, the rest is sent later', async () => {
    await rig.program.start(config({ bytesInFlight: '8MiB' }, { drain: { timeout: '3s' } }));
    await rig.program.ready();
    rig.nats.signal('SIGSTOP');
    try {
      await workload.churn(600);
      const started = Date.now();
      assert.equal(await rig.program.stop('SIGTERM', 20), 1);
      assert.ok(Date.now() - started < 15_000);
      assert.match(rig.program.log, /not everything was delivered within the grace period/);
    } finally {
      rig.nats.signal('SIGCONT');
    }
    await rig.program.start(config({ bytesInFlight: '8MiB' }));
    await rig.program.ready(60);
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkLiving(
      records.filter((r) => r.resource === 'configmaps' && r.namespace === 'alpha'),
      workload,
      ['alpha'],
    );
    checkTable(await rig.rows(), records);
    assert.equal(await rig.program.stop(), 0);
  });

  test('one stream alone is out of credit: the others go on', async () => {
    // What holds one stream up and not the other is how much of it there is.
    await rig.program.start(config({ bytesInFlight: '64MiB', bytesPerStream: '1MiB' }));
    await rig.program.ready();
    rig.s3.signal('SIGSTOP');
    rig.nats.signal('SIGSTOP');
    try {
      await workload.churn(300);
      await until('the busy stream waits', async () =>
        /credit_waits_total\{stream="configmaps@alpha"\} [1-9]/.test(await rig.program.metrics()),
      );
      const seen = async (): Promise<number> =>
        (await rig.program.status()).streams.find((s) => s.id === 'serviceaccounts@beta')!.records;
      const before = await seen();
      await small.create(20);
      await until('the other one is read on', async () => (await seen()) === before + 20);
      assert.doesNotMatch(await rig.program.metrics(), /credit_waits_total\{stream="serviceaccounts/);
    } finally {
      rig.nats.signal('SIGCONT');
      rig.s3.signal('SIGCONT');
    }
    await rig.program.ready(60);
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, small.writes, 'the stream');
    checkTable(await rig.rows(), records);
  });
});
