import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch } from '../support/batches.ts';
import { ExporterProbe } from '../support/exporter-probe.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { until } from '../support/until.ts';

const USERS = (allowed: string): string =>
  `authorization { users = [{ user: all, password: a }, { user: us, password: p, permissions: { publish: "${allowed}" } }] }`;

describe('nats', () => {
  let server: NatsServer;
  let listener: NatsConnection;
  let heard: Msg[] = [];
  const probes: ExporterProbe[] = [];
  const probe = (changes: Readonly<Record<string, unknown>>): ExporterProbe => {
    const settings = { name: 'sink', type: 'nats', servers: [server.url], user: 'us', password: 'p', ...changes };
    const made = new ExporterProbe({
      create: (context) => EXPORTERS.nats.create(EXPORTERS.nats.config.parse(settings), context),
    });
    probes.push(made);
    return made;
  };

  before(async () => {
    server = await NatsServer.start(USERS('k8s.>'));
    listener = await connect({ servers: server.url, user: 'all', pass: 'a', reconnectTimeWait: 50 });
    listener.subscribe('>', { callback: (_, message) => void heard.push(message) });
    await listener.flush();
  });
  afterEach(async () => {
    for (const { exporter } of probes.splice(0)) await exporter?.close();
    heard = [];
  });
  after(async () => {
    await listener.close();
    await server.stop();
  });

  test('encoding kollect: the bytes and nothing else; what kollect has no word for, and what is not asked for, is not sent', async () => {
    const sink = probe({ encoding: 'kollect', operations: ['CREATED', 'UPDATED', 'DELETED'] });
    await sink.start();
    const records = [
      { name: 'a', version: 1, operation: 'SNAPSHOT', payload: Buffer.from('first') },
      { name: 'a', version: 2, operation: 'UPDATED', payload: Buffer.from('second') },
      { name: 'b', version: 3, operation: 'UPDATED', payload: Buffer.alloc(0) },
    ] as const;
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    await listener.flush();
    assert.deepEqual(
      heard.map((m) => [m.string(), m.headers]),
      [['second', undefined]],
    );
    assert.equal(await sink.metric('records'), 1);
  });

  test('a subject that the user may not publish to: nothing is acknowledged until it may', async () => {
    const sink = probe({ subject: 'other.{name}' });
    await sink.start();
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, subject: 'other.a' }] }));
    await until('health says so', () => sink.exporter.health().detail?.includes('EXPORTER_REFUSED') === true);
    assert.match(sink.exporter.health().detail ?? '', /may not publish to other\.\* \(/);
    assert.equal(sink.lastAck(), 0);
    server.configure(USERS('other.>'));
    server.signal('SIGHUP');
    await sink.acked(1);
    await listener.flush();
    assert.deepEqual([...new Set(heard.map((m) => m.subject))], ['other.a']);
  });

  test('a wrong password is said, and is no reason to end; it is in no message', async () => {
    const sink = probe({ password: 'wrong-secret' });
    await sink.create();
    const stop = new AbortController();
    const started = sink.exporter.start(stop.signal).catch(() => undefined);
    await until('health says so', () => sink.exporter.health().detail?.includes('EXPORTER_REFUSED') === true);
    assert.doesNotMatch(sink.exporter.health().detail ?? '', /wrong-secret/);
    stop.abort();
    await started;
  });
});
