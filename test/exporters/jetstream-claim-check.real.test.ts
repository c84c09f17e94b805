import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import type { Exporter, ExporterContext } from '../../src/exporters/exporter.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch, PODS, recordId, recordKey, type TestRecord } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { readStream, type StoredMessage } from './jetstream-reading.ts';

const BUCKET = 'watershard-claims';
/** etcd takes objects up to about 1.5 MB. */
const LARGE = 1_400_000;

interface Reference {
  readonly id: string;
  readonly operation: string;
  readonly cluster: string;
  readonly claimCheck: { store: string; bucket: string; name: string; size: number; encoding: string; digest: string };
}

for (const maxPayload of [1_048_576, 65_536]) {
  describe(`records above a max_payload of ${maxPayload}`, () => {
    let server: NatsServer;
    let connection: NatsConnection;
    let manager: JetStreamManager;
    let probe: ExporterProbe;
    let logs: string[] = [];

    before(async () => {
      server = await NatsServer.start(
        `max_payload: ${maxPayload}
        authorization { users: [
          { user: all, password: "pass-all" },
          { user: narrow, password: "pass-narrow", permissions: { publish: ["k8s.test.>", "$JS.API.>"] } },
        ] }`,
      );
      connection = await connect({ servers: server.url, user: 'all', pass: 'pass-all' });
      manager = await jetstreamManager(connection);
    });
    after(async () => {
      await connection.close();
      await server.stop();
    });
    afterEach(async () => {
      await probe.exporter.close();
      await server.removeStreams(manager);
      logs = [];
    });

    async function start(settings: Record<string, unknown> = {}): Promise<ExporterProbe> {
      const config = EXPORTERS.jetstream.config.parse({
        name: 'sink',
        type: 'jetstream',
        servers: [server.url],
        stream: 'K8S',
        createStream: true,
        oversize: 'claim-check',
        claimCheck: { create: true },
        user: 'all',
        password: 'pass-all',
        ...settings,
      });
      const create = (context: ExporterContext): Promise<Exporter> => EXPORTERS.jetstream.create(config, context);
      const logger = pino({ level: 'debug' }, { write: (line: string) => void logs.push(line) });
      probe = new ExporterProbe({ create }, { logger });
      await probe.start();
      return probe;
    }

    const stored = (): Promise<StoredMessage[]> =>
      readStream({ servers: server.url, user: 'all', pass: 'pass-all' }, 'K8S');
    const large = (name: string, version: number): TestRecord => ({ name, version, payload: randomBytes(LARGE) });
    const referenceIn = ({ payload }: StoredMessage): Reference => JSON.parse(Buffer.from(payload).toString());
    const fetchClaim = async ({ bucket, name }: Reference['claimCheck']): Promise<Buffer> => {
      const bytes = await (await new Objm(jetstream(connection)).open(bucket)).getBlob(name);
      return Buffer.from(bytes ?? new Uint8Array(0));
    };

    test('are in the object store, with a reference in their place; the keys keep their order', async () => {
      await start();
      const big = large('big', 2);
      const records = [
        { name: 'a', version: 1 },
        { name: 'big', version: 1 },
        big,
        { name: 'big', version: 3, operation: 'DELETED' as const },
        { name: 'a', version: 2 },
      ];
      probe.write(makeBatch({ sequence: 1, records }));
      await probe.acked(1);
      const messages = await stored();
      assertStored(messages, records, true);
      const message = messages.find((m) => m.id === recordId('big', 2)) as StoredMessage;
      const reference = referenceIn(message);
      const { digest, ...rest } = reference.claimCheck;
      assert.deepEqual(
        { ...reference, claimCheck: rest },
        {
          id: recordId('big', 2),
          operation: 'UPDATED',
          cluster: 'test',
          claimCheck: {
            store: 'nats-object-store',
            bucket: BUCKET,
            name: `K8S/test/${recordId('big', 2)}`,
            size: LARGE,
            encoding: 'json',
          },
        },
      );
      assert.match(digest, /^SHA-256=/);
      assert.equal(message.subject, 'k8s.test.core.pods.default.big');
      assert.equal(message.headers?.get('Watershard-Claim-Check'), `${BUCKET}/${rest.name}`);
      assert.equal(message.headers?.get('Watershard-Operation'), 'UPDATED');
      assert.ok((await fetchClaim(reference.claimCheck)).equals(big.payload as Buffer));
      assert.equal(await probe.metric('claimChecks'), 1);
      assert.equal(await probe.metric('records'), 5);
      assert.equal(probe.rejects.length, 0);
      const warned = logs.map((line) => JSON.parse(line)).filter((l) => l.level === 40 && l.id === recordId('big', 2));
      assert.deepEqual(
        warned.map(({ key, bytes, bucket }) => [key, bytes, bucket]),
        [[recordKey('big'), LARGE, BUCKET]],
      );
      assert.deepEqual(probe.exporter.health(), { ok: true });
    });

    test('a replay keeps one copy of each, and one reference', async () => {
      await start();
      probe.write(makeBatch({ sequence: 1, records: [large('big', 1), large('big', 2)] }));
      await probe.acked(1);
      const { state } = await manager.streams.info(`OBJ_${BUCKET}`);
      await probe.exporter.close();
      await start();
      const again = [large('big', 1), large('big', 2)];
      probe.write(makeBatch({ sequence: 1, records: again }));
      await probe.acked(1);
      const messages = await stored();
      assert.equal(messages.length, 2);
      const after = (await manager.streams.info(`OBJ_${BUCKET}`)).state;
      assert.equal(after.messages, state.messages);
      const [first] = messages;
      assert.ok((await fetchClaim(referenceIn(first as StoredMessage).claimCheck)).equals(again[0]?.payload as Buffer));
    });

    test('a bucket that is missing holds up the large record and its object, and nothing else', async () => {
      await start({ claimCheck: {} });
      assert.match(
        probe.exporter.health().detail ?? '',
        /object store watershard-claims: it does not exist; run: nats object add .*EXPORTER_TARGET_MISSING/,
      );
      const other = { ...PODS, id: 'pods@other' };
      probe.open(other, 1);
      const big = large('big', 1);
      probe.write(makeBatch({ sequence: 1, records: [big, { name: 'big', version: 2 }] }));
      const small = recordRun(3000, 500);
      probe.write(makeBatch({ stream: other, sequence: 1, records: small }));
      await probe.acked(1, other.id);
      await until('the put is tried again', async () => (await probe.metric('retries')) >= 2);
      assert.match(probe.exporter.health().detail ?? '', /EXPORTER_TARGET_MISSING/);
      assert.equal(probe.lastAck(), 0);
      assert.equal(probe.exporter.status().intoObjectStore, 1);
      await new Objm(jetstream(connection)).create(BUCKET);
      await probe.acked(1);
      assertStored(await stored(), [...small, big, { name: 'big', version: 2 }], true);
      assert.deepEqual(probe.exporter.health(), { ok: true });
    });

    test('a user who may not write to the bucket is told, and small records flow', async () => {
      await new Objm(jetstream(connection)).create(BUCKET);
      await start({ user: 'narrow', password: 'pass-narrow' });
      probe.write(makeBatch({ sequence: 1, records: [large('big', 1)] }), false);
      await until('health tells it', () => /EXPORTER_REFUSED/.test(probe.exporter.health().detail ?? ''));
      const other = { ...PODS, id: 'pods@other' };
      probe.open(other, 1);
      probe.write(makeBatch({ stream: other, sequence: 1, records: recordRun(20, 20) }));
      await probe.acked(1, other.id);
      assert.match(probe.exporter.health().detail ?? '', /EXPORTER_REFUSED/);
      assert.equal(probe.lastAck(), 0);
    });

    test('a connection that breaks while the bucket is looked for: not ready before it is back, and then it sends', async () => {
      const proxy = await TcpProxy.start(server.port);
      const config = EXPORTERS.jetstream.config.parse({
        name: 'sink',
        type: 'jetstream',
        servers: [`nats://127.0.0.1:${proxy.port}`],
        stream: 'K8S',
        createStream: true,
        oversize: 'claim-check',
        claimCheck: { create: true },
        ackTimeout: '500ms',
        user: 'all',
        password: 'pass-all',
      });
      const create = (context: ExporterContext): Promise<Exporter> => EXPORTERS.jetstream.create(config, context);
      // The line about the stream is the last step before the look for the bucket.
      const breakOff = (line: string): void => {
        if (line.includes('stream created')) proxy.reset(true);
      };
      probe = new ExporterProbe({ create }, { logger: pino({ level: 'debug' }, { write: breakOff }) });
      try {
        const exporter = await probe.create();
        const started = exporter.start(AbortSignal.timeout(20_000)).then(() => 'started');
        probe.write(makeBatch({ sequence: 1, records: recordRun(20, 5) }));
        const waited = setTimeout(2000, 'waiting', { ref: false });
        assert.equal(await Promise.race([started, waited]), 'waiting');
        assert.match(exporter.health().detail ?? '', /EXPORTER_UNREACHABLE/);
        assert.equal(exporter.status().phase, 'down');
        proxy.heal();
        await started;
        await probe.acked(1);
        assertStored(await stored(), recordRun(20, 5), true);
        assert.deepEqual([exporter.health(), exporter.status().phase], [{ ok: true }, 'ready']);
      } finally {
        await probe.exporter.close();
        await proxy.stop();
      }
    });

    test('survive a server that goes in the middle', async () => {
      await start({ ackTimeout: '2s' });
      const records = Array.from({ length: 30 }, (_, i) =>
        i % 3 === 0 ? large(`big-${i % 5}`, i) : { name: 'a', version: i },
      );
      for (const [i, record] of records.entries()) probe.write(makeBatch({ sequence: i + 1, records: [record] }));
      await until('some are stored', () => probe.lastAck() >= 3);
      await server.stop('SIGKILL');
      await until('health tells it', () => !probe.exporter.health().ok);
      await server.restart();
      await probe.acked(30);
      const messages = await stored();
      assertStored(messages, records, true);
      for (const record of records.filter((r) => 'payload' in r)) {
        const message = messages.find((m) => m.id === recordId(record.name, record.version)) as StoredMessage;
        assert.ok((await fetchClaim(referenceIn(message).claimCheck)).equals((record as TestRecord).payload as Buffer));
      }
      await until('health is good again', () => probe.exporter.health().ok);
    });

    test('a limit that the stream gets while it runs counts too', async () => {
      await start();
      await manager.streams.update('K8S', { max_msg_size: 2000 });
      const records = recordRun(20, 20).map((r) => ({ ...r, payload: Buffer.alloc(3000, r.name) }));
      probe.write(makeBatch({ sequence: 1, records: [...records, { name: 'a', version: 1 }] }));
      await probe.acked(1);
      assertStored(await stored(), [...records, { name: 'a', version: 1 }], true);
      assert.equal(await probe.metric('claimChecks'), 20);
      assert.equal(probe.rejects.length, 0);
    });
  });
}
