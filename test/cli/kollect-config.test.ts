import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KollectFlags, kollectConfig } from '../../src/cli/kollect-config.ts';
import { parseConfig } from '../../src/config/load.ts';

const FLAGS: KollectFlags = {
  clusterId: '',
  eventWriterUrl: '',
  kubeConfig: '',
  namespace: '',
  waitForSync: false,
  dataDir: 'd',
  listen: '0.0.0.0:8081',
};
const translate = (flags: Partial<KollectFlags>, environment: Record<string, string> = {}) =>
  kollectConfig({ ...FLAGS, ...flags }, environment) as {
    cluster: { name: string };
    exporters: Record<string, unknown>[];
    watch: Record<string, unknown>;
    ops: Record<string, unknown>;
    kubeconfig?: string;
  };

describe('flags of kollect as a configuration', () => {
  test('kafka: the brokers of the environment, the key and the partitions of kollect', () => {
    const config = translate(
      { eventWriterUrl: 'kafka://k8s.events', clusterId: 'c1', kubeConfig: '/k', namespace: 'ns', waitForSync: true },
      { KAFKA_BROKERS: ' a:9092, b:9092' },
    );
    assert.deepEqual(config.exporters, [
      {
        name: 'bus',
        type: 'kafka',
        brokers: ['a:9092', 'b:9092'],
        topic: 'k8s.events',
        createTopics: true,
        key: 'uid',
        partitioner: 'fnv1a',
        encoding: 'kollect',
        clusterId: 'c1',
        operations: ['CREATED', 'UPDATED', 'DELETED'],
      },
    ]);
    assert.deepEqual([config.cluster.name, config.kubeconfig], ['c1', '/k']);
    assert.deepEqual(config.watch.namespaces, { include: ['ns'], clusterScoped: false });
    assert.equal(config.ops.kollectPaths, 'ready-when-synced');
    parseConfig(JSON.stringify(config), 'test');
  });

  test('nats: what the URL holds of credentials goes to keys of their own', () => {
    const config = (NATS_SERVER_URL: string) =>
      translate({ eventWriterUrl: 'nats://example.subject' }, { NATS_SERVER_URL }).exporters[0];
    const bus = { name: 'bus', type: 'nats', subject: 'example.subject', encoding: 'kollect', clusterId: '' };
    assert.deepEqual(config('nats://h:4222'), { ...bus, servers: ['nats://h:4222'] });
    assert.deepEqual(config('nats://u:p%40s@h:4222'), {
      ...bus,
      servers: ['nats://h:4222'],
      user: 'u',
      password: 'p@s',
    });
    assert.deepEqual(config('nats://t@h:4222'), { ...bus, servers: ['nats://h:4222'], token: 't' });
  });

  test('gcppubsub: both forms of the topic; the message has the ordering key of kollect', () => {
    for (const eventWriterUrl of [
      'gcppubsub://projects/my-project/topics/my-topic',
      'gcppubsub://my-project/my-topic',
    ]) {
      const config = translate({ eventWriterUrl, clusterId: 'c1' });
      assert.deepEqual(config.exporters, [
        {
          name: 'bus',
          type: 'pubsub',
          topic: 'projects/my-project/topics/my-topic',
          key: 'uid',
          encoding: 'kollect',
          clusterId: 'c1',
        },
      ]);
      parseConfig(JSON.stringify(config), 'test');
    }
  });

  test('rabbit: an exchange with an empty routing key; credentials go to keys of their own', () => {
    const config = (RABBIT_SERVER_URL: string) =>
      translate({ eventWriterUrl: 'rabbit://my/exchange' }, { RABBIT_SERVER_URL });
    const bus = {
      name: 'bus',
      type: 'rabbitmq',
      exchange: 'my/exchange',
      routingKey: '',
      encoding: 'kollect',
      clusterId: '',
    };
    const full = config('amqp://us:p%40s@h:1/team%2Fa');
    assert.deepEqual(full.exporters[0], { ...bus, urls: ['amqp://h:1/team%2Fa'], user: 'us', password: 'p@s' });
    parseConfig(JSON.stringify(full), 'test');
    const bare = config('amqps://h');
    assert.deepEqual(bare.exporters[0], { ...bus, urls: ['amqps://h'] });
    parseConfig(JSON.stringify(bare), 'test');
  });

  test('azuresb: a topic with the connection string', () => {
    const SERVICEBUS_CONNECTION_STRING = 'Endpoint=sb://n.example/;SharedAccessKeyName=s;SharedAccessKey=k=';
    const config = translate({ eventWriterUrl: 'azuresb://events', clusterId: 'c1' }, { SERVICEBUS_CONNECTION_STRING });
    assert.deepEqual(config.exporters, [
      {
        name: 'bus',
        type: 'servicebus',
        connectionString: SERVICEBUS_CONNECTION_STRING,
        topic: 'events',
        encoding: 'kollect',
        clusterId: 'c1',
      },
    ]);
    parseConfig(JSON.stringify(config), 'test');
  });

  test('awssns and awssqs: the query parameters of gocloud.dev', () => {
    const bus = (eventWriterUrl: string): Record<string, unknown> => {
      const config = translate({ eventWriterUrl, clusterId: 'c1' });
      parseConfig(JSON.stringify(config), 'test');
      const { name, encoding, clusterId, ...own } = config.exporters[0] ?? {};
      assert.deepEqual([name, encoding, clusterId], ['bus', 'kollect', 'c1']);
      return own;
    };
    const topic = 'arn:aws:sns:us-east-2:123456789012:changes';
    assert.deepEqual(bus(`awssns:///${topic}`), { type: 'sns', topic });
    assert.deepEqual(bus(`awssns:///${topic}.fifo?region=us-east-2`), {
      type: 'sns',
      topic: `${topic}.fifo`,
      region: 'us-east-2',
    });
    assert.deepEqual(bus(`awssns:///${topic}?disableSSL=true`), {
      type: 'sns',
      topic,
      endpoint: 'http://sns.us-east-2.amazonaws.com',
    });
    const place = 'sqs.us-east-2.amazonaws.com/123456789012/changes';
    const queue = `https://${place}`;
    assert.deepEqual(bus(`awssqs://${place}?region=us-east-2`), { type: 'sqs', queue, region: 'us-east-2' });
    assert.deepEqual(bus(`awssqs://${place}?awssdk=v2&profile=p&region=r`), {
      type: 'sqs',
      queue,
      region: 'r',
      profile: 'p',
    });
    const local = 'localhost%3A4566';
    assert.deepEqual(bus(`awssqs://${place}?endpoint=${local}&disableSSL=1&s3ForcePathStyle=f&awssdk=v1`), {
      type: 'sqs',
      queue,
      endpoint: 'http://localhost:4566',
    });
    assert.equal(bus(`awssqs://${place}?endpoint=${local}`).endpoint, 'https://localhost:4566');
    assert.equal(bus(`awssqs://${place}?endpoint=http://l:1&region=`).endpoint, 'http://l:1');
    assert.equal(bus(`awssqs://${place}?disableSSL=t`).endpoint, 'http://sqs.us-east-2.amazonaws.com');
    for (const [url, why] of [
      [`awssqs://${place}?profile=p`, /unknown query parameter "profile"/],
      [`awssqs://${place}?awssdk=v2&endpoint=x`, /unknown query parameter "endpoint"/],
      [`awssqs://${place}?disableSSL=yes`, /disableSSL is neither true nor false/],
      ['awssns:///changes', /takes the ARN of a topic/],
      ['awssns://', /awssns: without the ARN/],
    ] as const)
      assert.throws(() => translate({ eventWriterUrl: url }), why);
  });

  test('host and path of the URL are the topic or subject, joined', () => {
    const subject = translate({ eventWriterUrl: 'nats://a/b' }, { NATS_SERVER_URL: 'h' }).exporters[0]?.subject;
    assert.equal(subject, 'a/b');
  });

  test('an id that is no name of a cluster stays in the events, and the name is made of it', () => {
    for (const [clusterId, name] of [
      ['', 'kollect'],
      ['eu/prod ', 'eu-prod'],
      ['x'.repeat(80), 'x'.repeat(63)],
    ] as const) {
      const config = translate({ eventWriterUrl: 'nats://a', clusterId }, { NATS_SERVER_URL: 'nats://h' });
      assert.deepEqual([config.exporters[0]?.clusterId, config.cluster.name], [clusterId, name]);
      parseConfig(JSON.stringify(config), 'test');
    }
  });

  test('what cannot work says why, without what the environment holds', () => {
    const environment = { NATS_SERVER_URL: 'nats://u:secret@h', KAFKA_BROKERS: 'secret:1' };
    const cases: [string, Record<string, string>, RegExp][] = [
      ['', environment, /--event-writer-url: not given/],
      ['kafka', environment, /not a URL/],
      ['kafka://', environment, /without a topic/],
      ['kafka://t?x=1', environment, /takes no query parameters/],
      ['gcppubsub://', environment, /gcppubsub: without a topic/],
      ['gcppubsub://p/t?x=1', environment, /gcppubsub: takes no query parameters/],
      ['gcppubsub://p', environment, /takes projects\/PROJECT\/topics\/TOPIC, or PROJECT\/TOPIC/],
      ['gcppubsub://projects/p', environment, /takes projects\/PROJECT/],
      ['gcppubsub://p/topics/t', environment, /takes projects\/PROJECT/],
      ['gcppubsub://projects/p/topics/t/more', environment, /takes projects\/PROJECT/],
      ['mem://x', environment, /no bus is called mem:/],
      ['kafka://t', {}, /open topic URL: KAFKA_BROKERS environment variable not set/],
      ['nats://s', {}, /open topic URL: NATS_SERVER_URL environment variable not set/],
      ['rabbit://', environment, /rabbit: without an exchange/],
      ['rabbit://e?x=1', environment, /rabbit: takes no query parameters/],
      ['rabbit://e', {}, /open topic URL: RABBIT_SERVER_URL environment variable not set/],
      ['rabbit://e', { RABBIT_SERVER_URL: 'http://u:secret@h' }, /RABBIT_SERVER_URL is not an address/],
      ['azuresb://', environment, /azuresb: without a topic/],
      ['azuresb://t?x=1', environment, /azuresb: takes no query parameters/],
      ['azuresb://t', {}, /open topic URL: SERVICEBUS_CONNECTION_STRING environment variable not set/],
    ];
    for (const [eventWriterUrl, variables, expected] of cases) {
      assert.throws(
        () => translate({ eventWriterUrl }, variables),
        (e: Error) => expected.test(e.message) && !e.message.includes('secret'),
        eventWriterUrl,
      );
    }
  });
});
