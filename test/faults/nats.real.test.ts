import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { DiscardPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { NatsCluster } from '../support/servers/nats.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { AckWitness } from './ack-witness.ts';
import { FaultRig } from './fault-rig.ts';
import { type Allowance, Judge } from './judge.ts';
import { scenarios } from './scenario.ts';

/** Of a fetch in parts of several MiB; the server's own limit is about 64 MiB. */
const MIB = 2 ** 20;

/**
 * Two JetStream sinks beside the table: `bus` on one server behind a proxy, whose stream an administrator makes, and `trio`
 * on a cluster of three with a replicated stream that the program makes by itself.
 */
describe('faults of NATS', () => {
  let rig: FaultRig;
  let trio: NatsCluster;
  const trioJudge = new Judge();
  let deletedInTrio: SeenRecord[] = [];

  before(async () => {
    [rig, trio] = await Promise.all([FaultRig.start(), NatsCluster.start('max_payload: 8388608')]);
    const [bus, lake] = rig.config().exporters as Record<string, unknown>[];
    const createStream = { replicas: 3 };
    const second = { name: 'trio', type: 'jetstream', servers: trio.urls, stream: 'K8S', createStream };
    await rig.begin(200, { exporters: [bus, { ...second, ackTimeout: '2s' }, lake] });
  });
  after(async () => {
    await rig.stop();
    await trio.stop();
  });

  const fault = scenarios(() => rig);

  /** As the rig's, and the same of the second stream. */
  async function verdict(): Promise<void> {
    await rig.verdict();
    trioJudge.judge([...deletedInTrio, ...(await readStream(trio.urls))], rig.history.lives);
  }

  async function administer<T>(
    servers: string | string[],
    action: (streams: JetStreamManager['streams']) => Promise<T>,
  ): Promise<T> {
    const connection = await connect({ servers });
    try {
      return await action((await jetstreamManager(connection)).streams);
    } finally {
      await connection.close();
    }
  }

  /** Deletes the stream under load, and lets it be made again. @returns what it had stored */
  async function deleteStream(servers: string | string[], again: () => Promise<void>): Promise<SeenRecord[]> {
    const witness = await AckWitness.start(servers);
    const before = await readStream(servers);
    const last = before.at(-1)?.sequence ?? 0;
    await rig.load.writes(60);
    await administer(servers, (streams) => streams.delete('K8S'));
    // Answers of a cluster come over other connections. A subscriber that stays would hide that no stream is there.
    await wait(1000);
    await witness.stop();
    await again();
    // The sequences of the new one begin at 1 again.
    const late = [...witness.stored.values()].filter(({ sequence }) => sequence > last);
    assert.ok(late.length > 0, 'it was deleted under load');
    return [...before, ...late].sort((a, b) => a.sequence - b.sequence);
  }

  fault('the server is killed and restarted, three times', async () => {
    const { nats } = rig.rig;
    for (let i = 0; i < 3; i++) {
      await nats.stop('SIGKILL');
      await rig.notReady(/bus: .*EXPORTER_UNREACHABLE/);
      assert.equal(await rig.counter('watershard_exporter_connected', /"bus"/), 0);
      await rig.load.writes(60);
      await nats.restart();
      await rig.program.ready();
      await rig.load.writes(30);
    }
    assert.ok((await rig.counter('watershard_exporter_retries_total', /"bus".*reconnect/)) > 0);
    await verdict();
  });

  fault(
    'a half-open connection is found out; meanwhile, a cluster loses two of three servers, and its leader',
    async () => {
      const { connections } = rig.nats;
      rig.nats.blackhole();
      const [first, second] = trio.servers;
      await Promise.all([first?.stop('SIGKILL'), second?.stop('SIGKILL')]);
      try {
        await rig.notReady(/bus: .*EXPORTER_UNREACHABLE/);
        await rig.notReady(/trio: .*EXPORTER_UNREACHABLE/);
        await rig.load.writes(200);
        // Whether the remaining server answers depends on what it knows of its leader.
        await rig.notReady(
          /trio: (looking at stream K8S of exporter trio: |stream K8S has no leader).*EXPORTER_UNREACHABLE/,
        );
      } finally {
        await Promise.all([first?.restart(), second?.restart()]);
      }
      // Pings every 10 s find it out, the third that is not answered.
      await until('it connects again', () => rig.nats.connections > connections);
      await verdict();
    },
  );

  fault('acknowledgements come 10 s late: sent again with the same ids, and one copy of each is stored', async () => {
    const told = (): number => rig.program.log.split('were not answered within').length - 1;
    const before = told();
    rig.nats.delay(10_000);
    await rig.notReady(/bus: .*messages were not answered within 2 s/);
    const end = Date.now() + 12_000;
    let most = 0;
    while (Date.now() < end) {
      const bus = (await rig.program.status()).exporters.find((e) => e.name === 'bus');
      most = Math.max(most, Number(bus?.status.inFlight));
      await wait(250);
    }
    assert.ok(most > 0 && most <= 1024, `${most} messages were outstanding`);
    assert.ok((await rig.counter('watershard_exporter_retries_total', /"bus".*timeout/)) > 0);
    assert.equal(told() - before, 1, 'it is told once');
    await verdict();
  });

  fault('the stream is deleted, and made again by an administrator', async () => {
    const { nats } = rig.rig;
    rig.deleted = await deleteStream(nats.url, async () => {
      const said = /bus: stream K8S of exporter bus does not exist; run: nats stream add K8S.*EXPORTER_TARGET_MISSING/;
      await rig.notReady(said);
      await nats.streamFilesGone();
      await makeStream(nats.url);
    });
    await verdict();
  });

  fault('the stream is deleted, and made again by the program', async () => {
    deletedInTrio = await deleteStream(trio.urls, async () => undefined);
    await verdict();
    const { config } = await administer(trio.urls, (streams) => streams.info('K8S'));
    assert.equal(config.num_replicas, 3);
  });

  fault('streams are full by messages and by bytes, until their limits are raised', async () => {
    const { nats } = rig.rig;
    const discard = DiscardPolicy.New;
    const limit = (servers: string | string[], change: (now: { messages: number; bytes: number }) => object) =>
      administer(servers, async (streams) => streams.update('K8S', change((await streams.info('K8S')).state)));
    await limit(nats.url, ({ messages }) => ({ max_msgs: messages + 50, discard }));
    await limit(trio.urls, ({ bytes }) => ({ max_bytes: bytes + 50_000, discard }));
    await rig.notReady(/bus: .*maximum messages exceeded.*EXPORTER_FULL/);
    await rig.notReady(/trio: .*maximum bytes exceeded.*EXPORTER_FULL/);
    await rig.load.writes(100);
    await limit(nats.url, () => ({ max_msgs: -1, discard: DiscardPolicy.Old }));
    await limit(trio.urls, () => ({ max_bytes: -1, discard: DiscardPolicy.Old }));
    await verdict();
    assert.equal(await rig.counter('watershard_exporter_rejected_total'), 0);
  });

  fault('the storage of the server is full, until it has more', async () => {
    const { nats } = rig.rig;
    const { state } = await administer(nats.url, (streams) => streams.info('K8S'));
    await nats.stop();
    nats.configure(nats.jetstream(`max_file_store: ${state.bytes + 200_000}`));
    await nats.restart();
    await rig.notReady(/bus: .*EXPORTER_FULL/);
    await rig.load.writes(100);
    await nats.stop();
    nats.configure('');
    await nats.restart();
    await verdict();
    assert.equal(await rig.counter('watershard_exporter_rejected_total'), 0);
  });

  fault('a client that does not read is thrown out as a slow consumer', async () => {
    const { nats } = rig.rig;
    await nats.stop();
    nats.configure('write_deadline: "1s"\nmax_pending: 4194304');
    await nats.restart();
    await rig.program.ready();
    const witness = await AckWitness.start(nats.url);
    await rig.load.writes(30);
    const inbox = witness.inboxes.at(-1)?.replace(/\.[^.]+$/, '');
    await witness.stop();
    const thrownOut = (): number => nats.log.split('Slow Consumer').length;
    const before = thrownOut();
    const reconnects = await rig.counter('watershard_exporter_retries_total', /"bus".*reconnect/);
    rig.nats.stall();
    // Acknowledgements are small: what fills the buffers on the way is for the same inbox, and answers no message.
    const filler = await connect({ servers: nats.url });
    await until('the server has thrown the client out', () => {
      for (let i = 0; i < 8; i++) filler.publish(`${inbox}.0`, new Uint8Array(MIB / 2));
      return thrownOut() > before;
    });
    await filler.close();
    await verdict();
    assert.ok((await rig.counter('watershard_exporter_retries_total', /"bus".*reconnect/)) > reconnects);
  });

  fault('objects above max_payload: by claim check, as dead letters, and where the server takes them', async () => {
    await rig.load.stop();
    await rig.program.stop();
    const letters = join(rig.program.folder, 'letters.jsonl');
    const sink = (name: string, servers: unknown, more: object): object => ({
      name,
      type: 'jetstream',
      servers,
      stream: name.toUpperCase(),
      createStream: true,
      subject: `${name}.{cluster}.{group}.{resource}.{namespace}.{name}`,
      ackTimeout: '2s',
      ...more,
    });
    const [bus] = rig.config().exporters as { servers: string[] }[];
    const exporters = [
      sink('claims', bus?.servers, { oversize: 'claim-check', claimCheck: { create: true } }),
      sink('strict', bus?.servers, { deadLetter: 'letters' }),
      sink('wide', trio.urls, { createStream: { replicas: 3 } }),
      { name: 'letters', type: 'file', path: letters },
    ];
    await rig.run({ exporters, state: { url: `redis://127.0.0.1:${rig.redis.port}/1` } });
    const judges = { claims: new Judge(), strict: new Judge(), wide: new Judge() };
    const judgeAll = async (allowance: Allowance = {}): Promise<void> => {
      rig.heal();
      await rig.load.stop();
      await rig.program.ready();
      await rig.rig.settled();
      await rig.history.caughtUp();
      const { url } = rig.rig.nats;
      judges.claims.judge(await redeemed(url, await readStream(url, 'CLAIMS')), rig.history.lives, allowance);
      judges.strict.judge(withLetters(await readStream(url, 'STRICT'), letters), rig.history.lives, allowance);
      judges.wide.judge(await readStream(trio.urls, 'WIDE'), rig.history.lives, allowance);
    };
    // What was before it began is history.
    await judgeAll({ relisted: ['*'] });

    rig.load.start();
    const widgets = '/apis/example.com/v1/namespaces/alpha/widgets';
    const noise = randomBytes(1_050_000).toString('base64');
    for (const name of ['large-1', 'large-2', 'large-3']) {
      const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec: { size: 1, noise } };
      await rig.rig.kube.must('POST', widgets, widget);
      if (name === 'large-2') await rig.rig.nats.stop('SIGKILL');
      await rig.rig.kube.must('PATCH', `${widgets}/${name}`, { spec: { size: 2 } });
    }
    await rig.notReady(/claims: .*EXPORTER_UNREACHABLE/);
    await rig.rig.nats.restart();
    await rig.rig.kube.must('DELETE', `${widgets}/large-1`);
    await rig.load.writes(60);
    await judgeAll();
    // Deletes carry the object too.
    assert.ok((await rig.counter('watershard_exporter_claim_checks_total', /"claims"/)) >= 7);
    assert.equal(await rig.counter('watershard_exporter_rejected_total', /"strict".*RECORD_TOO_LARGE/), 7);
    assert.equal(await rig.counter('watershard_exporter_rejected_total', /"wide"/), 0);
    assert.equal(await rig.counter('watershard_records_dropped_total'), 0);
    assert.match(rig.program.log, /"exporter":"claims".*it is in the object store, and a reference goes in its place/);
    assert.match(rig.program.log, /"deadLetter":"letters","msg":"a record goes to the dead-letter exporter"/);
    assert.ok(rig.memoryPeak() < 700, `${rig.memoryPeak()} MiB were needed at the peak`);
  });
});

/** With the records in place of their references. */
async function redeemed(url: string, records: readonly SeenRecord[]): Promise<SeenRecord[]> {
  const connection = await connect({ servers: url });
  try {
    const stores = new Objm(jetstream(connection));
    const whole: SeenRecord[] = [];
    for (const record of records) {
      const { claimCheck } = record as { claimCheck?: { bucket: string; name: string } };
      const { subject, sequence, messageId } = record;
      if (claimCheck === undefined) whole.push(record);
      else {
        const blob = await (await stores.open(claimCheck.bucket)).getBlob(claimCheck.name);
        const claimed = JSON.parse(Buffer.from(blob ?? '').toString()) as SeenRecord;
        whole.push({ ...claimed, subject, sequence, messageId });
      }
    }
    return whole;
  } finally {
    await connection.close();
  }
}

/** With the records of the dead letters, which have no order towards the others: each object in the order of its versions. */
function withLetters(records: readonly SeenRecord[], file: string): SeenRecord[] {
  const letters = new Map<string, SeenRecord>();
  for (const line of readFileSync(file, 'utf8')
    .split('\n')
    .filter((l) => l !== '')) {
    const { id, code, record } = JSON.parse(line) as { id: string; code: string; record: string };
    assert.equal(code, 'RECORD_TOO_LARGE');
    letters.set(id, { ...(JSON.parse(record) as SeenRecord), sequence: 0, messageId: id, subject: '' });
  }
  const rank = (r: SeenRecord): bigint => (r.operation === 'DELETED' ? 2n ** 64n : BigInt(r.resourceVersion));
  return [...records, ...letters.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}
