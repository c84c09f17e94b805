import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { DiscardPolicy, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { NatsCluster } from '../support/servers/nats.ts';
import { makeStream, readStream, type SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { AckWitness } from './ack-witness.ts';
import { FaultRig } from './fault-rig.ts';
import { Judge } from './judge.ts';

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
    [rig, trio] = await Promise.all([FaultRig.start(), NatsCluster.start()]);
    const [bus, lake] = rig.config().exporters as Record<string, unknown>[];
    const createStream = { replicas: 3 };
    const second = { name: 'trio', type: 'jetstream', servers: trio.urls, stream: 'K8S', createStream };
    await rig.begin(200, { exporters: [bus, { ...second, ackTimeout: '2s' }, lake] });
  });
  after(async () => {
    await rig.stop();
    await trio.stop();
  });

  const fault = (name: string, body: () => Promise<void>): void => {
    test(name, async () => {
      rig.heal();
      rig.load.start();
      await rig.load.writes(30);
      await body();
    });
  };

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

  /** Deletes the stream under load. @returns what it had stored */
  async function deleteStream(servers: string | string[]): Promise<SeenRecord[]> {
    const witness = await AckWitness.start(servers);
    const before = await readStream(servers);
    await rig.load.writes(60);
    await administer(servers, (streams) => streams.delete('K8S'));
    await witness.flush();
    await witness.stop();
    const all = new Map([...before, ...witness.stored.values()].map((r) => [r.id, r]));
    assert.ok(all.size > before.length, 'it was deleted under load');
    return [...all.values()].sort((a, b) => a.sequence - b.sequence);
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

  fault('a cluster without a leader: two of three servers are away', async () => {
    const [first, second] = trio.servers;
    await Promise.all([first?.stop('SIGKILL'), second?.stop('SIGKILL')]);
    await rig.notReady(/trio: .*(EXPORTER_UNREACHABLE|EXPORTER_TARGET_MISSING)/);
    await rig.load.writes(200);
    const stuck = (await rig.program.status()).exporters.find((e) => e.name === 'trio');
    assert.equal(stuck?.ok, false);
    await Promise.all([first?.restart(), second?.restart()]);
    await verdict();
  });

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
    const deleted = await deleteStream(nats.url);
    await rig.notReady(
      /bus: stream K8S of exporter bus does not exist; run: nats stream add K8S.*EXPORTER_TARGET_MISSING/,
    );
    await nats.streamFilesGone();
    await makeStream(nats.url);
    rig.deleted = deleted;
    await verdict();
  });

  fault('the stream is deleted, and made again by the program', async () => {
    deletedInTrio = await deleteStream(trio.urls);
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
    const inbox = witness.inboxes.at(-1)?.replace(/\.\d+$/, '');
    await witness.stop();
    rig.nats.stall();
    // Acknowledgements are small: what fills the buffers on the way is for the same inbox, and answers no message.
    const filler = await connect({ servers: nats.url });
    await until('the server has thrown the client out', () => {
      for (let i = 0; i < 8; i++) filler.publish(`${inbox}.0`, new Uint8Array(MIB / 2));
      return /Slow Consumer/i.test(nats.log);
    });
    await filler.close();
    await rig.notReady(/bus: /);
    await verdict();
    assert.match(rig.program.log, /the connection to NATS broke/);
  });

  fault('a half-open connection is found out, and another one made', async () => {
    const { connections } = rig.nats;
    rig.nats.blackhole();
    await rig.notReady(/bus: .*messages were not answered within 2 s/);
    await until('it connects again', () => rig.nats.connections > connections);
    await verdict();
  });
});
