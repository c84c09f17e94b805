import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { backoffDelay } from '../../src/exporters/backoff.ts';
import { EXPORTERS, exporterConfig } from '../../src/exporters/registry.ts';
import { ENCODINGS } from '../../src/model/encoding.ts';

const JETSTREAM = { name: 'bus', type: 'jetstream', servers: ['nats://127.0.0.1:4222'], stream: 'K8S' };

test('the smallest configuration of each bus gets its defaults', () => {
  const bus = EXPORTERS.jetstream.config.parse(JETSTREAM);
  assert.deepEqual(bus.buffer, { type: 'memory', bytes: 64 * 2 ** 20, overflow: 'drop-newest' });
  assert.deepEqual(
    [
      bus.required,
      bus.encoding,
      bus.createStream,
      bus.maxInFlight,
      bus.maxInFlightBytes,
      bus.ackTimeout,
      bus.minDuplicateWindow,
    ],
    [true, 'json', false, 1024, 16 * 2 ** 20, 10_000, 60_000],
  );
  assert.equal(bus.subject, 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}');
  const frame = { stream: 'K8S', replyLength: 42 };
  assert.deepEqual(EXPORTERS.jetstream.lane(bus), { encoding: 'json', subject: bus.subject, frame });
  const created = EXPORTERS.jetstream.config.parse({ ...JETSTREAM, createStream: true });
  assert.deepEqual(created.createStream, { storage: 'file', replicas: 1, duplicateWindow: 120_000 });
  const file = EXPORTERS.file.config.parse({ name: 'out', type: 'file', path: '-' });
  assert.deepEqual(EXPORTERS.file.lane(file), { encoding: 'json' });
});

test('core NATS acknowledges nothing, and says so', () => {
  const config = EXPORTERS.nats.config.parse({ name: 'n', type: 'nats', servers: ['nats://127.0.0.1:4222'] });
  assert.equal(EXPORTERS.nats.capabilities.acknowledges, false);
  assert.deepEqual(EXPORTERS.nats.lane(config), { encoding: 'json', subject: config.subject });
  const kollect = EXPORTERS.nats.config.parse({
    ...config,
    batchBytes: '1MiB',
    buffer: {},
    encoding: 'kollect',
    clusterId: '',
  });
  assert.deepEqual(EXPORTERS.nats.lane(kollect), { encoding: 'kollect', subject: config.subject, clusterId: '' });
});

test('the lane of CloudEvents says where the attributes go', () => {
  const binary = EXPORTERS.jetstream.config.parse({ ...JETSTREAM, encoding: 'cloudevents', cloudEventsMode: 'binary' });
  assert.equal(EXPORTERS.jetstream.lane(binary).cloudEvents, 'binary');
  const file = EXPORTERS.file.config.parse({ name: 'out', type: 'file', path: 'x', encoding: 'cloudevents' });
  assert.deepEqual(EXPORTERS.file.lane(file), { encoding: 'cloudevents', cloudEvents: 'structured' });
});

test('what cannot work is refused at its path', () => {
  const faults: [unknown, RegExp][] = [
    [{ ...JETSTREAM, type: 'pigeon' }, /type/],
    [{ ...JETSTREAM, name: 'Bus' }, /name.*lower-case/s],
    [{ ...JETSTREAM, subject: 'k8s.{what}' }, /subject.*may hold only/s],
    [{ ...JETSTREAM, subject: 'k8s.>' }, /subject.*tokens/s],
    [{ ...JETSTREAM, servers: [] }, /servers/],
    [{ ...JETSTREAM, servers: ['nats://me:secret@host:4222'] }, /holds credentials/],
    [{ ...JETSTREAM, user: 'me' }, /password/],
    [{ ...JETSTREAM, token: 'a', user: 'me', password: 'b' }, /only one of/],
    [{ ...JETSTREAM, ackTimeout: 'soon' }, /ackTimeout.*duration/s],
    [{ ...JETSTREAM, unknownKey: 1 }, /unknownKey/],
    [{ name: 'out', type: 'file', path: 'x', encoding: 'msgpack' }, /encoding/],
    [{ name: 'out', type: 'file' }, /path/],
    [{ name: 'n', type: 'nats', servers: ['nats://h:4222'], subject: 'a..b' }, /subject.*tokens/s],
    [{ name: 'n', type: 'nats', servers: ['nats://h:4222'], subject: 'a.{what}' }, /subject.*may hold only/s],
  ];
  for (const [config, expected] of faults) {
    const result = exporterConfig.safeParse(config);
    assert.equal(result.success, false, JSON.stringify(config));
    const text = JSON.stringify(result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
    assert.match(text, expected);
    assert.doesNotMatch(text, /secret/);
  }
});

test('every kind of exporter is named by its type, and describes all of its settings', () => {
  for (const [type, kind] of Object.entries(EXPORTERS)) {
    const schema = z.toJSONSchema(kind.config, { io: 'input' }) as {
      properties: Record<string, { const?: string; description?: string }>;
    };
    assert.equal(schema.properties.type?.const, type);
    for (const [name, property] of Object.entries(schema.properties)) {
      if (name !== 'type') assert.ok(property.description, `${type}.${name} has a description`);
    }
    assert.ok(kind.capabilities.encodings.every((e) => ENCODINGS.includes(e)));
  }
});

test('the delay between attempts grows, has a limit, and scatters', () => {
  assert.deepEqual(
    [1, 2, 3, 7, 8, 1000].map((n) => backoffDelay(n, () => 1)),
    [100, 200, 400, 6400, 10_000, 10_000],
  );
  assert.equal(
    backoffDelay(3, () => 0),
    200,
  );
  assert.equal(
    backoffDelay(0, () => 1),
    100,
  );
});
