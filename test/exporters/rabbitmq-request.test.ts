import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressOf, messageProperties, routingKeyFault } from '../../src/exporters/rabbitmq/request.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';

const { config: schema, lane } = EXPORTERS.rabbitmq;
const SMALLEST = { name: 'r', type: 'rabbitmq', urls: ['amqp://rabbit.example'], exchange: 'e' };

describe('rabbitmq', () => {
  test('an address says where and as whom', () => {
    const at = (url: string, user?: string, password?: string) => addressOf(url, { user, password });
    const plain = { protocol: 'amqp', hostname: 'h', port: 5672, vhost: '/', username: 'guest', password: 'guest' };
    assert.deepEqual(at('amqp://h'), plain);
    assert.deepEqual(at('amqp://h/'), plain);
    assert.deepEqual(at('amqps://h/'), { ...plain, protocol: 'amqps', port: 5671 });
    assert.deepEqual(at('amqp://u:p%40s@h:1/team%2Fa'), {
      ...plain,
      port: 1,
      vhost: 'team/a',
      username: 'u',
      password: 'p@s',
    });
    assert.deepEqual(at('amqp://h', 'u', 's'), { ...plain, username: 'u', password: 's' });
    assert.deepEqual(at('amqp://[::1]:7'), { ...plain, hostname: '::1', port: 7 });
  });

  test('a message tells what it is; one of kollect its id alone', () => {
    const record = { id: 'u:1', operation: 'DELETED' } as const;
    assert.deepEqual(messageProperties({ encoding: 'protobuf', persistent: true }, 'c')(record), {
      mandatory: true,
      persistent: true,
      messageId: 'u:1',
      contentType: 'application/protobuf',
      appId: 'watershard',
      headers: { 'watershard-id': 'u:1', 'watershard-operation': 'DELETED', 'watershard-cluster': 'c' },
    });
    const long = { ...record, id: `${'é'.repeat(200)}:1` };
    const { messageId, ...others } = messageProperties({ encoding: 'kollect', persistent: false }, 'c')(long);
    assert.deepEqual(others, { mandatory: true, persistent: false });
    assert.match(messageId, /^[0-9a-f]{64}$/);
  });

  test('a routing key has an end', () => {
    assert.equal(routingKeyFault('k'.repeat(255)), undefined);
    assert.match(routingKeyFault('é'.repeat(128)) ?? '', /256 bytes/);
  });

  test('the smallest configuration gets its defaults; an empty routing key asks the transform for none', () => {
    const config = schema.parse(SMALLEST);
    assert.deepEqual(
      [config.unroutable, config.persistent, config.createExchange, config.maxInFlight, config.heartbeat],
      ['retry', true, false, 1024, 10_000],
    );
    assert.deepEqual(lane(config), {
      encoding: 'json',
      subject: 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}',
    });
    assert.deepEqual(lane(schema.parse({ ...SMALLEST, routingKey: '', encoding: 'kollect', clusterId: '' })), {
      encoding: 'kollect',
      clusterId: '',
    });
    assert.deepEqual(schema.parse({ ...SMALLEST, createExchange: true }).createExchange, {
      type: 'topic',
      durable: true,
    });
  });

  test('what cannot work is refused, and an address is not repeated', () => {
    const faults: [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ urls: ['http://u:secret@h'] }, /not an address/],
      [{ urls: ['amqp://u:secret@h?x=1'] }, /not an address/],
      [{ urls: ['amqp://u:secret@h'], user: 'u' }, /hold credentials already/],
      [{ tls: {} }, /wants amqps/],
      [{ password: 'secret' }, /a password without a user/],
      [{ routingKey: '{what}' }, /may hold only/],
    ];
    for (const [changes, what] of faults) {
      const { error } = schema.safeParse({ ...SMALLEST, ...changes });
      assert.match(error?.message ?? '', what);
      assert.doesNotMatch(error?.message ?? '', /secret/);
    }
  });
});
