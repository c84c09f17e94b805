import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compatibilityPartitioner } from '@platformatic/kafka';
import fc from 'fast-check';
import { loadDriver } from '../../src/exporters/driver.ts';
import { kafkaFault, partitionCodes } from '../../src/exporters/kafka/errors.ts';
import { PARTITIONERS } from '../../src/exporters/kafka/partition.ts';
import { messageHeaders, topicFault, topicOf } from '../../src/exporters/kafka/request.ts';
import { objectKey } from '../../src/exporters/object-key.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';

test('a key goes where the Java client puts it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 200 }), (key, partitions) => {
      const library = compatibilityPartitioner(undefined as never, Buffer.from(key) as never);
      assert.equal(PARTITIONERS.murmur2(key, partitions), library % partitions);
    }),
  );
});

test('fnv1a goes where sarama puts it: the signed hash, and its remainder without the sign', () => {
  // FNV-1a of 32 bits: '' is 0x811c9dc5, 'a' 0xe40c292c, 'foobar' 0xbf9cf968 (the test vectors of the algorithm)
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ] as const)
    assert.equal(PARTITIONERS.fnv1a(Buffer.from(text), 10), Math.abs((hash | 0) % 10));
});

test('keys are those of kollect: cluster and uid, the uid alone without a cluster', () => {
  const record = { id: 'u-1:7', key: 'pods/ns/a' };
  assert.equal(objectKey('uid', 'c1', record), 'c1/u-1');
  assert.equal(objectKey('uid', '', record), 'u-1');
  assert.equal(objectKey('uid', 'c1', { ...record, id: 'u-1:deleted' }), 'c1/u-1');
  assert.equal(objectKey('uid', 'c1', { ...record, id: 'u-1:7:1' }), 'c1/u-1', 'a generation is no part of it');
  assert.equal(objectKey('object', 'c1', record), 'c1/pods/ns/a');
  assert.equal(objectKey('uid', 'c1', { ...record, id: 'pods/ns/a:7' }), 'c1/pods/ns/a', 'without a uid');
  assert.equal(objectKey('uid', 'c1', { id: 'gap:e:pods', key: 'pods//' }), 'c1/pods/');
});

test('a topic is what a routing key stands for, without what a topic cannot have', () => {
  assert.equal(topicOf('kollect'), 'kollect');
  assert.equal(topicOf('k8s.apps%2Eexample%2Ecom._.system%3Anode'), 'k8s.apps.example.com._.system_node');
  assert.match(topicFault('x'.repeat(250)) ?? '', /250 characters/);
  assert.equal(topicFault('x'), undefined);
});

test('headers have id, operation, cluster and content type; an envelope of kollect has none', () => {
  const record = { id: 'u:1', operation: 'UPDATED' } as const;
  const text = (encoding: 'json' | 'kollect') =>
    [...(messageHeaders(encoding, 'demo')(record) ?? [])].map(([name, value]) => `${name}=${value}`);
  assert.deepEqual(text('json'), [
    'content-type=application/json',
    'watershard-id=u:1',
    'watershard-operation=UPDATED',
    'watershard-cluster=demo',
  ]);
  assert.deepEqual(text('kollect'), []);
});

test('errors of the client library say what they are about', () => {
  const refused = { code: 'PLT_KFK_RESPONSE', errors: [{ apiId: 'TOPIC_AUTHORIZATION_FAILED', message: 'no' }] };
  assert.equal(kafkaFault('x', { message: 'many', errors: [refused] }).code, 'EXPORTER_REFUSED');
  const login = { message: 'away', cause: { code: 'PLT_KFK_AUTHENTICATION', message: 'SASL authentication failed.' } };
  assert.equal(kafkaFault('x', login).code, 'EXPORTER_REFUSED');
  assert.equal(kafkaFault('x', { message: 'Unknown topic t.' }).code, 'EXPORTER_TARGET_MISSING');
  assert.match(kafkaFault('writing', new Error('reset')).message, /^writing: reset$/);
  const partial = {
    errors: [
      {
        response: {
          responses: [
            {
              name: 't',
              partitionResponses: [
                { index: 0, errorCode: 0 },
                { index: 1, errorCode: 10 },
              ],
            },
          ],
        },
      },
    ],
    produced: { offsets: [{ topic: 't', partition: 2 }] },
  };
  assert.deepEqual(Object.fromEntries(partitionCodes(partial)), { 't:0': 0, 't:1': 10, 't:2': 0 });
});

test('a driver that is not installed: an error that says what to install; another fault is not taken for it', async () => {
  const name = '@platformatic/not-kafka';
  await assert.rejects(
    loadDriver('bus', name, () => import(name)),
    { code: 'EXPORTER_DRIVER_MISSING', message: /exporter bus needs the package .*not-kafka.*npm install/ },
  );
  await assert.rejects(
    loadDriver('bus', name, () => Promise.reject(new Error('broken'))),
    /broken/,
  );
});

test('the smallest configuration, and what is refused', () => {
  const parse = (changes: object) =>
    EXPORTERS.kafka.config.safeParse({ name: 'k', type: 'kafka', brokers: ['h:9092'], topic: 't', ...changes });
  const smallest = parse({}).data!;
  assert.deepEqual(
    [smallest.key, smallest.partitioner, smallest.tombstones, smallest.compression, smallest.createTopics],
    ['uid', 'murmur2', 'none', 'none', false],
  );
  assert.deepEqual(EXPORTERS.kafka.lane(smallest), { encoding: 'json', subject: 't' });
  for (const changes of [
    { topic: 'a b' },
    { topic: 'a/{name}' },
    { topic: '{what}' },
    { brokers: ['h'] },
    { sasl: { mechanism: 'plain' } },
  ])
    assert.equal(parse(changes).success, false, JSON.stringify(changes));
});
