import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protos } from '@google-cloud/pubsub';
import fc from 'fast-check';
import { splitTopic } from '../../src/exporters/pubsub/config.ts';
import { addressOf } from '../../src/exporters/pubsub/connection.ts';
import { failureOf, pubsubFault } from '../../src/exporters/pubsub/errors.ts';
import {
  fitting,
  type Message,
  messageFault,
  messageMaker,
  messageSize,
  topicFault,
  topicOf,
} from '../../src/exporters/pubsub/request.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import type { LaneRecord } from '../../src/model/lane.ts';

const { PublishRequest } = protos.google.pubsub.v1;
const RECORD: LaneRecord = {
  subject: '',
  key: 'nodes//n-1',
  id: 'u-1:7',
  operation: 'UPDATED',
  payload: Uint8Array.from([1, 2]),
};
const parse = (changes: object) =>
  EXPORTERS.pubsub.config.safeParse({ name: 'p', type: 'pubsub', topic: 'projects/p/topics/t-1', ...changes });

test('a message has attributes and an ordering key as it is asked for', () => {
  const names = { cluster: 'demo', clusterId: 'c1' };
  const message = messageMaker({ encoding: 'json', ordering: true, key: 'uid' }, names)(RECORD);
  assert.deepEqual(message, {
    data: Buffer.from([1, 2]),
    attributes: {
      'content-type': 'application/json',
      'watershard-id': 'u-1:7',
      'watershard-operation': 'UPDATED',
      'watershard-cluster': 'demo',
      'watershard-resource': 'nodes',
      'watershard-namespace': '',
      'watershard-name': 'n-1',
    },
    orderingKey: 'c1/u-1',
  });
  const other = messageMaker({ encoding: 'kollect', ordering: false, key: 'object' }, names)(RECORD);
  assert.deepEqual(other, { data: Buffer.from([1, 2]), attributes: {} });
  const object = messageMaker({ encoding: 'json', ordering: true, key: 'object' }, names)(RECORD);
  assert.equal(object.orderingKey, 'c1/nodes/n-1');
});

test('a request is never larger than the sum of the sizes of its messages', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const message: fc.Arbitrary<Message> = fc.record({
    data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    attributes: fc.dictionary(fc.string({ minLength: 1, maxLength: 30 }), text),
    orderingKey: text,
  });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
      const topic = 'projects/p/topics/t';
      const size = messages.reduce((sum, m) => sum + messageSize(m, topic), 0);
      assert.ok(PublishRequest.encode({ topic, messages }).finish().length <= size);
    }),
  );
});

test('as many go into a request as the service takes, at least one', () => {
  assert.equal(fitting([20_000_000, 1]), 1);
  assert.equal(fitting([6_000_000, 4_000_000, 1]), 2);
  assert.equal(fitting(Array.from({ length: 2000 }, () => 1)), 1000);
});

test('what the service would never take is said', () => {
  const message = { data: Buffer.alloc(0), attributes: { a: 'x'.repeat(1025) } };
  assert.match(messageFault(message, 1) ?? '', /its a has 1025 bytes, more than 1024/);
  assert.match(messageFault({ ...message, attributes: {} }, 10_000_001) ?? '', /its message has 10000001 bytes/);
  assert.equal(messageFault({ ...message, attributes: {} }, 10_000_000), undefined);
});

test('a topic is what a routing key stands for, without what a topic cannot have', () => {
  assert.equal(topicOf('k8s.apps%2Eexample._.system%3Anode'), 'k8s.apps.example._.system_node');
  assert.match(topicFault('ab') ?? '', /2 characters, not 3 to 255/);
  assert.match(topicFault('google-x') ?? '', /begins with goog/);
  assert.match(topicFault('1abc') ?? '', /letter/);
  assert.equal(topicFault('k8s.pods'), undefined);
  assert.deepEqual(splitTopic('projects/example.com:p/topics/{resource}'), {
    project: 'example.com:p',
    topic: '{resource}',
  });
  assert.deepEqual(splitTopic('t'), { topic: 't' });
});

test('the address: the service, an emulator of the environment, or what is set', () => {
  const google = { host: 'pubsub.googleapis.com', port: 443, emulator: false };
  assert.deepEqual(addressOf(undefined, {}), google);
  assert.deepEqual(addressOf(undefined, { PUBSUB_EMULATOR_HOST: '' }), google);
  const local = { host: 'localhost', port: 8085, emulator: true };
  assert.deepEqual(addressOf(undefined, { PUBSUB_EMULATOR_HOST: 'localhost:8085' }), local);
  assert.deepEqual(addressOf(undefined, { PUBSUB_EMULATOR_HOST: 'http://localhost:8085' }), local);
  assert.deepEqual(addressOf('https://a.example', { PUBSUB_EMULATOR_HOST: 'localhost:8085' }), {
    host: 'a.example',
    port: 443,
    emulator: false,
  });
  assert.throws(() => addressOf(undefined, { PUBSUB_EMULATOR_HOST: 'a b' }), { code: 'EXPORTER_MISCONFIGURED' });
});

test('what a failure says of the messages, and of others', () => {
  assert.deepEqual(failureOf({ code: 14, details: 'away' }), { type: 'again', others: 'all' });
  assert.deepEqual(failureOf(new Error('whatever')), { type: 'again', others: 'all' });
  assert.deepEqual(failureOf({ code: 5, details: 'no topic' }), { type: 'again', others: 'topic' });
  assert.deepEqual(failureOf({ code: 10, details: 'aborted' }), { type: 'again', others: 'none' });
  assert.deepEqual(failureOf({ code: 8, details: 'quota exceeded' }), { type: 'again', others: 'all' });
  assert.equal(failureOf({ code: 3, details: 'no' }).type, 'refused');
  assert.equal(pubsubFault('x', { code: 7, details: 'no' }).code, 'EXPORTER_REFUSED');
  assert.equal(pubsubFault('x', { code: 5, details: 'no' }).code, 'EXPORTER_TARGET_MISSING');
  assert.match(pubsubFault('writing', new Error('reset\nmore')).message, /^writing: reset$/);
});

test('the smallest configuration, and what is refused', () => {
  const smallest = parse({}).data!;
  assert.deepEqual(
    [smallest.ordering, smallest.key, smallest.createTopic, smallest.requests, smallest.ackTimeout],
    [true, 'uid', false, 100, 10_000],
  );
  assert.deepEqual(EXPORTERS.pubsub.lane(smallest), { encoding: 'json', subject: 't-1' });
  const template = parse({ topic: 'projects/p/topics/k8s.{resource}' });
  assert.deepEqual(EXPORTERS.pubsub.lane(template.data!), { encoding: 'json', subject: 'k8s.{resource}' });
  for (const changes of [
    { topic: 'a/b' },
    { topic: 'projects/p/t' },
    { topic: 'projects/{cluster}/topics/t' },
    { topic: '{what}' },
    { topic: 'a b' },
    { endpoint: 'localhost:8085' },
    { endpoint: 'https://host/path' },
    { endpoint: 'https://u:p@host' },
    { tls: { cert: 'c' } },
    { requests: 0 },
  ])
    assert.equal(parse(changes).success, false, JSON.stringify(changes));
});
