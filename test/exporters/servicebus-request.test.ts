import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { parseConnectionString } from '../../src/exporters/servicebus/access-options.ts';
import { busFault, rejectionVerdict } from '../../src/exporters/servicebus/errors.ts';
import { accessOf, messageOf } from '../../src/exporters/servicebus/request.ts';

const { config: schema, lane } = EXPORTERS.servicebus;
const STRING =
  'Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a+b/c=;EntityPath=events';
const SMALLEST = { name: 's', type: 'servicebus', host: 'h', queue: 'q' };

describe('servicebus', () => {
  test('a connection string says where and as whom', () => {
    const azure = { host: 'n.servicebus.windows.net', port: 5671, tls: true, user: 'send', password: 'a+b/c=' };
    assert.deepEqual(parseConnectionString(STRING), { ...azure, entity: 'events' });
    assert.deepEqual(parseConnectionString(`${STRING.replace(/;EntityPath.*/, ';')}`), azure);
    assert.deepEqual(parseConnectionString(`${STRING};UseDevelopmentEmulator=true`), {
      ...azure,
      tls: false,
      port: 5672,
      entity: 'events',
    });
  });

  test('a connection string that cannot be used says why, and nothing of it', () => {
    const cases: [string, RegExp][] = [
      ['secret', /part without =/],
      ['SharedAccessKeyName=a;SharedAccessKey=secret', /no Endpoint/],
      ['Endpoint=sb://h/;SharedAccessKeyName=secret', /no SharedAccessKeyName or no SharedAccessKey/],
      ['Endpoint=sb://h/;SharedAccessSignature=secret', /needs tokens/],
    ];
    for (const [text, what] of cases) {
      const fault = parseConnectionString(text);
      assert.match(String(fault), what);
      assert.doesNotMatch(String(fault), /secret/);
      const { error } = schema.safeParse({ name: 's', type: 'servicebus', connectionString: text, queue: 'q' });
      assert.match(error?.message ?? '', what);
      assert.doesNotMatch(error?.message ?? '', /secret/);
    }
    const other = schema.parse({ name: 's', type: 'servicebus', connectionString: STRING, topic: 'q' });
    assert.throws(() => accessOf(other), /is for events, not for q/);
  });

  test('settings say the same in parts', () => {
    assert.deepEqual(accessOf(schema.parse(SMALLEST)), { host: 'h', port: 5671, tls: true });
    const parts = schema.parse({ ...SMALLEST, tls: false, user: 'u', password: 'p' });
    assert.deepEqual(accessOf(parts), { host: 'h', port: 5672, tls: false, user: 'u', password: 'p' });
  });

  test('a message names its record, and its object as partition and session', () => {
    const of = (record: { id: string; key: string }, more: { sessions?: boolean; clusterId?: string } = {}) =>
      messageOf({ encoding: 'json', sessions: false, clusterId: undefined, ...more }, 'c', (data) => String(data))({
        operation: 'UPDATED',
        subject: 's',
        payload: new Uint8Array([97]),
        ...record,
      });
    const { body, message_id, subject, content_type, group_id, message_annotations } = of({
      id: 'u:1',
      key: 'pods/d/n',
    });
    assert.deepEqual(
      [body, message_id, subject, content_type, group_id],
      ['a', 'u:1', 's', 'application/json', undefined],
    );
    assert.deepEqual(message_annotations, { 'x-opt-partition-key': 'c/u' });
    assert.equal(of({ id: 'u:1', key: 'pods/d/n' }, { sessions: true, clusterId: '' }).group_id, 'u');
    assert.equal(of({ id: 'cs//n:1', key: 'cs//n' }, { sessions: true }).group_id, 'c/cs/n');
    const long = of({ id: `x/${'n'.repeat(200)}:1`, key: `x/${'n'.repeat(200)}` }, { sessions: true });
    assert.match(`${long.group_id} ${long.message_id}`, /^[0-9a-f]{64} [0-9a-f]{64}$/);
    assert.equal(long.group_id, long.message_annotations['x-opt-partition-key'], 'as the broker demands it');
    assert.equal(long.application_properties?.['watershard-id'], `x/${'n'.repeat(200)}:1`);
  });

  test("a condition has its code, and the broker's words", () => {
    const codes = {
      'amqp:not-found': 'EXPORTER_TARGET_MISSING',
      'amqp:unauthorized-access': 'EXPORTER_REFUSED',
      'amqp:resource-limit-exceeded': 'EXPORTER_FULL',
      'com.microsoft:server-busy': 'EXPORTER_FULL',
      'amqp:internal-error': 'EXPORTER_UNREACHABLE',
      'com.microsoft:timeout': 'EXPORTER_UNREACHABLE',
    };
    for (const [condition, code] of Object.entries(codes)) {
      const fault = busFault('sending', { condition, description: 'words' });
      assert.deepEqual([fault.code, fault.message], [code, `sending: ${condition} words`]);
    }
    assert.equal(busFault('sending', undefined).message, 'sending: the connection was closed');
    assert.equal(rejectionVerdict({ condition: 'com.microsoft:timeout' }, 1), 'again');
    assert.equal(rejectionVerdict(undefined, 1), 'again');
  });

  test('the smallest configuration gets its defaults; what cannot work is refused', () => {
    const config = schema.parse(SMALLEST);
    assert.deepEqual([config.sessions, config.maxInFlight, config.maxMessageBytes], [false, 1024, 100 * 2 ** 20]);
    assert.deepEqual(lane(config), {
      encoding: 'json',
      subject: 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}',
    });
    assert.deepEqual(lane(schema.parse({ ...SMALLEST, encoding: 'kollect', clusterId: 'c' })), {
      encoding: 'kollect',
      clusterId: 'c',
    });
    const faults: [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ topic: 't' }, /one of queue and topic/],
      [{ queue: undefined }, /one of queue and topic/],
      [{ connectionString: STRING }, /one of host and connectionString/],
      [{ user: 'u' }, /user and password go together/],
      [{ host: undefined, connectionString: STRING, port: 1 }, /says port, user and password by itself/],
    ];
    for (const [changes, what] of faults)
      assert.match(schema.safeParse({ ...SMALLEST, ...changes }).error?.message ?? '', what);
  });
});
