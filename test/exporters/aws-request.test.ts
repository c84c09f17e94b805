import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AwsBatchPlan } from '../../src/exporters/aws-batch-plan.ts';
import { AwsBatchSink, type BatchAnswer, type BatchTarget } from '../../src/exporters/aws-batch-sink.ts';
import { awsFault, entryFault, isContentFault } from '../../src/exporters/aws-connection.ts';
import { type AwsMessage, type MessageForm, messageMaker } from '../../src/exporters/aws-message.ts';
import type { QueuedRecord } from '../../src/exporters/record-queue.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { queuePlace } from '../../src/exporters/sqs/request.ts';
import type { Operation } from '../../src/model/record.ts';

const DEPLOYMENTS = { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespaced: true };
const form: MessageForm = { encoding: 'json', cluster: 'c1', group: 'uid', fifo: true };

function record(text: string | Uint8Array, changes: object = {}): QueuedRecord {
  const operation: Operation = 'UPDATED';
  const key = 'deployments.apps/web/ui';
  const base = { subject: '', key, id: 'u-1:7', operation, payload: Uint8Array.from(Buffer.from(text)) };
  return { ...base, batch: { resource: DEPLOYMENTS }, ...changes } as unknown as QueuedRecord;
}

const values = ({ attributes }: AwsMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue]));

describe('messages of SQS and SNS', () => {
  test('attributes tell what a filter or a consumer looks for; the group is the object, the id is that of the record', () => {
    const message = messageMaker(form)(record('{"a":1}'));
    assert.deepEqual([message.text, message.groupId, message.deduplicationId], ['{"a":1}', 'c1/u-1', 'u-1:7']);
    assert.deepEqual(values(message), {
      'content-type': 'application/json',
      'watershard-id': 'u-1:7',
      'watershard-operation': 'UPDATED',
      'watershard-cluster': 'c1',
      'watershard-resource': 'deployments.apps',
      'watershard-namespace': 'web',
    });
    const length = Object.entries(values(message)).reduce(
      (sum, [name, value]) => sum + name.length + 6 + value.length,
      7,
    );
    assert.equal(message.bytes, length, 'names, types and values count');
  });

  test('what is in no namespace has no attribute for it: it may not be empty', () => {
    const message = messageMaker({ ...form, fifo: false })(record('{}', { key: 'nodes//n1' }));
    assert.equal('watershard-namespace' in message.attributes, false);
    assert.deepEqual([message.groupId, message.deduplicationId], [undefined, undefined]);
  });

  test('groups and ids that SQS does not take are hashes of them; the group may be the name', () => {
    const long = messageMaker(form)(record('{}', { id: `${'x'.repeat(128)}:7` }));
    assert.match(long.deduplicationId ?? '', /^[0-9a-f]{64}$/);
    assert.match(messageMaker({ ...form, cluster: 'a b' })(record('{}')).groupId ?? '', /^[0-9a-f]{64}$/);
    assert.equal(messageMaker({ ...form, group: 'object' })(record('{}')).groupId, 'c1/deployments.apps/web/ui');
    assert.equal(messageMaker({ ...form, clusterId: '' })(record('{}')).groupId, 'u-1', 'as the key of kollect');
  });

  test('bytes are base64 with the attribute of gocloud.dev; text of kollect is text, unless SQS would refuse it', () => {
    const kollect = messageMaker({ ...form, encoding: 'kollect' });
    const bytes = kollect(record(Uint8Array.of(0x0a, 0xff)));
    assert.deepEqual([bytes.text, values(bytes)], ['Cv8=', { base64encoded: 'true' }]);
    const text = kollect(record('plain \u{1f600}\n'));
    assert.deepEqual([text.text, values(text)], ['plain \u{1f600}\n', {}]);
    assert.deepEqual(values(kollect(record('\x12 is no character of XML'))), { base64encoded: 'true' });
    assert.equal(
      values(messageMaker({ ...form, encoding: 'msgpack' })(record(Uint8Array.of(0x81, 0xff)))).base64encoded,
      'true',
    );
  });

  test('JSON stays JSON where it holds what SQS does not take', () => {
    const message = messageMaker(form)(record('{"a":"\uffff\ufffe\u2028"}'));
    assert.equal(message.text, '{"a":"\\uffff\\ufffe\u2028"}');
    assert.deepEqual(JSON.parse(message.text), { a: '\uffff\ufffe\u2028' });
  });

  test('attributes of watch-proxy: the cluster by its name, no empty AssetId, and the event, which it does not tell', () => {
    const watchProxy = { clusterName: 'dev', assetIds: { deployments: 'dep' } };
    const make = messageMaker({ ...form, encoding: 'watch-proxy', watchProxy });
    assert.deepEqual(values(make(record('{}', { operation: 'DELETED' }))), {
      ObjectType: 'deployments',
      AssetId: 'dep',
      Cluster: 'dev',
      Event: 'delete',
    });
    const bare = messageMaker({ ...form, encoding: 'watch-proxy', watchProxy: { assetIds: {} } })(record('{}'));
    assert.deepEqual(values(bare), { ObjectType: 'deployments', Cluster: 'c1', Event: 'update' });
  });
});

const message = (key: string, bytes = 10): AwsMessage => ({ key, text: key, attributes: {}, bytes });

test('a request has ten messages and the bytes of the limit at most, and none of an object of which one is under way', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 60 })), { maxLength: 60 }),
      (list) => {
        const messages = list.map(([key, bytes]) => message(`k${key}`, bytes));
        const plan = new AwsBatchPlan(
          messages,
          messages.map((_, i) => i),
          100,
        );
        const order = new Map<string, number[]>();
        const underWay: number[][] = [];
        for (let seen = 0; seen < messages.length; ) {
          const next = plan.next();
          if (next.length > 0) underWay.push(next);
          const busy = underWay.flat().map((i) => messages[i]!.key);
          assert.equal(new Set(busy).size, busy.length);
          assert.ok(
            next.length <= 10 && (next.length <= 1 || next.reduce((sum, i) => sum + messages[i]!.bytes, 0) <= 100),
          );
          if (next.length > 0 && underWay.length < 3) continue;
          for (const i of underWay.shift() ?? []) {
            plan.done(i, true);
            order.set(messages[i]!.key, [...(order.get(messages[i]!.key) ?? []), i]);
            seen++;
          }
        }
        for (const own of order.values())
          assert.deepEqual(
            own,
            own.toSorted((a, b) => a - b),
          );
      },
    ),
  );
});

test('of an object whose message was not stored none is sent behind it', () => {
  const plan = new AwsBatchPlan([message('a'), message('b'), message('a'), message('b')], [0, 1, 2, 3], 100);
  assert.deepEqual(plan.next(), [0, 1]);
  assert.deepEqual(plan.next(), []);
  plan.done(0, false);
  plan.done(1, true);
  assert.deepEqual(plan.next(), [3]);
  assert.deepEqual(plan.next(), []);
});

class StandIn implements BatchTarget {
  readonly name = 'queue q';
  readonly create = 'make q';
  readonly sent: string[][] = [];
  readonly answer: (texts: readonly string[]) => BatchAnswer;

  constructor(answer: (texts: readonly string[]) => BatchAnswer) {
    this.answer = answer;
  }

  async open(): Promise<undefined> {
    return undefined;
  }

  async send(messages: readonly AwsMessage[]): Promise<BatchAnswer> {
    const texts = messages.map(({ text }) => text);
    this.sent.push(texts);
    return this.answer(texts);
  }

  async region(): Promise<string> {
    return 'here';
  }

  close(): void {
    this.sent.length = 0;
  }

  status() {
    return {};
  }
}

describe('what an answer says of each record', () => {
  const settings = EXPORTERS.sqs.config.parse({ name: 'sink', type: 'sqs', queue: 'q.fifo', concurrency: 2 });
  const send = async (target: BatchTarget, records: readonly QueuedRecord[]) =>
    await new AwsBatchSink(target, settings, messageMaker(form)).send(records);
  const of = (name: string, text: string): QueuedRecord =>
    record(text, { key: `pods/d/${name}`, id: `${name}:${text}` });
  const failure = (name: string, message: string): Error =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });

  test('a fault of the sender sets a record aside, another one is sent again, and so are those of its object behind it', async () => {
    const said: Readonly<Record<string, object>> = {
      bad: { SenderFault: true, Code: 'InvalidMessageContents', Message: 'no' },
      later: { SenderFault: false, Code: 'InternalError', Message: 'oh' },
    };
    const target = new StandIn((texts) => ({
      Successful: texts.flatMap((text, i) => (text in said ? [] : [{ Id: String(i) }])),
      Failed: texts.flatMap((text, i) => (text in said ? [{ Id: String(i), ...said[text] }] : [])),
    }));
    const { verdicts, error } = await send(target, [
      of('a', 'bad'),
      of('b', 'later'),
      of('c', '1'),
      of('a', '2'),
      of('b', '3'),
      of('c', '4'),
    ]);
    assert.deepEqual(verdicts, [
      { code: 'RECORD_REJECTED', reason: 'InvalidMessageContents: no' },
      'again',
      'stored',
      'stored',
      'again',
      'stored',
    ]);
    assert.equal(error?.code, 'EXPORTER_UNREACHABLE');
    assert.match(error?.message ?? '', /sending to queue q: InternalError: oh/);
    assert.equal(target.sent.flat().includes('3'), false);
  });

  test('a request that is refused as a whole is halved until the message is found', async () => {
    const target = new StandIn((texts) => {
      if (texts.includes('big')) throw failure('BatchRequestTooLong', 'the limit is 1');
      return { Successful: texts.map((_, i) => ({ Id: String(i) })) };
    });
    const records = Array.from({ length: 10 }, (_, i) => of(`p${i}`, i === 6 ? 'big' : `${i}`));
    const { verdicts, error } = await send(target, records);
    assert.equal(error, undefined);
    assert.deepEqual(verdicts[6], { code: 'RECORD_TOO_LARGE', reason: 'BatchRequestTooLong: the limit is 1' });
    assert.ok(verdicts.every((verdict, i) => i === 6 || verdict === 'stored'));
  });

  test('after a request that failed no other is begun, and all that was not stored is sent again', async () => {
    const target = new StandIn(() => {
      throw failure('RequestThrottled', 'slower');
    });
    const { verdicts, error } = await send(
      target,
      Array.from({ length: 60 }, (_, i) => of(`p${i}`, 'x')),
    );
    assert.deepEqual([...new Set(verdicts)], ['again']);
    assert.deepEqual([target.sent.length, error?.code], [2, 'EXPORTER_UNREACHABLE']);
  });

  test('an answer that leaves a message out says nothing of it', async () => {
    const { verdicts, error } = await send(new StandIn(() => ({ Successful: [{ Id: '1' }] })), [
      of('a', '1'),
      of('b', '2'),
    ]);
    assert.deepEqual([verdicts, error?.code], [['again', 'stored'], 'EXPORTER_UNREACHABLE']);
  });

  test('what is too large with its attributes is not sent', async () => {
    const target = new StandIn((texts) => ({ Successful: texts.map((_, i) => ({ Id: String(i) })) }));
    const { verdicts } = await send(target, [of('a', 'x'.repeat(2 ** 18 - 20)), of('a', '2')]);
    assert.equal((verdicts[0] as { code: string }).code, 'RECORD_TOO_LARGE');
    assert.deepEqual([verdicts[1], target.sent], ['stored', [['2']]]);
  });
});

test('errors of AWS as ours; nothing of what was signed is said', () => {
  const error = (name: string, message: string, httpStatusCode = 400): Error =>
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
  const code = (e: Error): string => awsFault('x', e).code;
  assert.equal(code(error('QueueDoesNotExist', 'The specified queue does not exist.')), 'EXPORTER_TARGET_MISSING');
  assert.equal(code(error('NotFoundException', 'Topic does not exist', 404)), 'EXPORTER_TARGET_MISSING');
  assert.equal(code(error('InvalidClientTokenId', 'The security token is invalid', 403)), 'EXPORTER_REFUSED');
  assert.equal(code(error('KMS.DisabledException', 'key')), 'EXPORTER_REFUSED');
  assert.equal(code(error('KmsThrottled', 'key')), 'EXPORTER_UNREACHABLE');
  assert.equal(code(error('ThrottlingException', 'Rate exceeded')), 'EXPORTER_UNREACHABLE');
  assert.equal(code(new Error('Region is missing')), 'EXPORTER_MISCONFIGURED');
  const long = awsFault('x', error('SignatureDoesNotMatch', 'No match.\n\nx-amz-security-token:canary', 403));
  assert.deepEqual([long.code, long.message], ['EXPORTER_REFUSED', 'x: SignatureDoesNotMatch: No match.']);
  assert.doesNotMatch(String((long.cause as Error).message), /canary/);
  const incomplete = error('IncompleteSignature', "needs 'Credential'. Authorization=AWS4 Credential=canary", 403);
  assert.doesNotMatch(awsFault('x', incomplete).message, /canary/);
  assert.equal(isContentFault(error('InvalidParameterException', 'Invalid parameter: Message')), true);
  assert.equal(isContentFault(error('InvalidParameterException', 'Invalid parameter: TopicArn')), false);
  assert.deepEqual(
    [
      entryFault({ Code: 'AccessDenied', SenderFault: true }).code,
      entryFault({ Code: 'RequestThrottled', SenderFault: true }).type,
      entryFault({ Code: 'InvalidParameterValue', Message: 'must be shorter than 262144 bytes', SenderFault: true })
        .code,
    ],
    ['EXPORTER_REFUSED', 'again', 'RECORD_TOO_LARGE'],
  );
});

test('the place of a queue: name, region and endpoint of its URL', () => {
  const place = (queue: string, endpoint?: string) => {
    const { name, region, endpoint: where, fifo } = queuePlace({ queue, endpoint });
    return [name, region, where, fifo];
  };
  const aws = 'https://sqs.eu-central-1.amazonaws.com';
  assert.deepEqual(place(`${aws}/123456789012/a.fifo`), ['a.fifo', 'eu-central-1', aws, true]);
  assert.deepEqual(place('https://queue.amazonaws.com/1/a')[1], 'us-east-1');
  assert.deepEqual(place('https://eu-west-1.queue.amazonaws.com/1/a')[1], 'eu-west-1');
  assert.deepEqual(place('https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/a')[1], 'eu-west-1');
  assert.deepEqual(place('https://sqs.cn-north-1.amazonaws.com.cn/1/a')[1], 'cn-north-1');
  assert.deepEqual(place('http://localhost:9324/000000000000/a'), ['a', undefined, 'http://localhost:9324', false]);
  assert.deepEqual(place('a'), ['a', undefined, undefined, false]);
  assert.deepEqual(place(`${aws}/1/a`, 'http://proxy')[2], 'http://proxy');
});

test('the smallest configurations, and what is refused', () => {
  const sqs = (changes: object) =>
    EXPORTERS.sqs.config.safeParse({ name: 'q', type: 'sqs', queue: 'changes', ...changes });
  const topic = 'arn:aws:sns:eu-central-1:123456789012:changes';
  const sns = (changes: object) => EXPORTERS.sns.config.safeParse({ name: 't', type: 'sns', topic, ...changes });
  assert.deepEqual(EXPORTERS.sqs.lane(sqs({}).data!), { encoding: 'json' });
  assert.deepEqual(EXPORTERS.sns.lane(sns({ encoding: 'cloudevents' }).data!), {
    encoding: 'cloudevents',
    cloudEvents: 'structured',
  });
  assert.deepEqual(EXPORTERS.sqs.lane(sqs({ encoding: 'watch-proxy' }).data!), {
    encoding: 'watch-proxy',
    watchProxy: { assetIds: {}, keepKind: false, objectOnly: true },
  });
  const { maxMessageBytes, concurrency, group } = sqs({}).data!;
  assert.deepEqual([maxMessageBytes, concurrency, group], [262_144, 8, 'uid']);
  for (const changes of [
    { queue: 'a b' },
    { queue: 'https://me:pw@sqs/1/q' },
    { queue: 'a.fifo', delay: '5s' },
    { delay: '16m' },
    { endpoint: 'http://me:pw@host' },
    { region: 'a b' },
  ])
    assert.equal(sqs(changes).success, false, JSON.stringify(changes));
  assert.equal(sns({ topic: 'changes' }).success, false);
  assert.equal(sns({ encoding: 'watch-proxy' }).success, false);
});
