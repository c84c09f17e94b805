import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { makeBatch, recordId } from '../support/batches.ts';
import { assertStored, ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { Moto } from '../support/servers/moto.ts';
import { until } from '../support/until.ts';
import { SnsListener } from './sns-reading.ts';
import { AWS_ENVIRONMENT, SqsReader } from './sqs-reading.ts';

Object.assign(process.env, AWS_ENVIRONMENT);

describe('sns', () => {
  let server: Moto;
  let proxy: HttpProxy;
  let listener: SnsListener;
  let reader: SqsReader;
  const probes: ExporterProbe[] = [];

  before(async () => {
    server = await Moto.start();
    proxy = await HttpProxy.start({ target: () => server.endpoint });
    listener = new SnsListener(server.endpoint);
    reader = new SqsReader(server.endpoint);
    await listener.start();
  });
  afterEach(async () => {
    proxy.clear();
    for (const { exporter } of probes.splice(0)) await exporter?.close();
  });
  after(async () => {
    await listener.stop();
    await proxy.stop();
    await server.stop('SIGKILL');
  });

  function probe(topic: string, changes: Readonly<Record<string, unknown>> = {}): ExporterProbe {
    const settings = { name: 'sink', type: 'sns', topic, endpoint: proxy.url, ...changes };
    const made = new ExporterProbe({
      create: (context) => EXPORTERS.sns.create(EXPORTERS.sns.config.parse(settings), context),
    });
    probes.push(made);
    return made;
  }
  const says = (sink: ExporterProbe, what: RegExp): Promise<unknown> =>
    until(
      () => `health says ${what}: ${JSON.stringify(sink.exporter.health())}`,
      () => what.test(sink.exporter.health().detail ?? ''),
    );
  const fault = (status: number, code: string, message: string) =>
    ({
      type: 'answer',
      status,
      body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
    }) as const;

  test('a queue behind a FIFO topic gets body, attributes, group and id, and each record once though an answer was lost', async () => {
    const topic = await listener.create('whole.fifo');
    const url = await reader.create('whole.fifo');
    await listener.subscribe(topic, 'sqs', await reader.arn(url));
    const sink = probe(topic);
    await sink.start();
    assert.deepEqual([sink.exporter.capabilities.ordered, sink.exporter.capabilities.deduplicates], [true, 'by-id']);
    const lost = proxy.add({ when: () => true, times: 1, fault: { type: 'lose-answer' } });
    const records = recordRun(12, 4);
    sink.write(makeBatch({ sequence: 1, records }));
    await sink.acked(1);
    assert.equal(lost(), 1);
    const messages = await reader.drain(url, 1);
    const stored = messages.map(({ body }) => JSON.parse(body) as { id: string; key: string; operation: string });
    assertStored(
      stored.map((r) => ({ ...r, payload: Buffer.alloc(0) })),
      records,
      true,
    );
    const first = messages.find(({ deduplicationId }) => deduplicationId === recordId('pod-0', 1));
    assert.equal(first?.groupId, 'test/uid-pod-0');
    assert.deepEqual(first?.attributes, {
      'content-type': 'application/json',
      'watershard-id': recordId('pod-0', 1),
      'watershard-operation': 'CREATED',
      'watershard-cluster': 'test',
      'watershard-resource': 'pods',
      'watershard-namespace': 'default',
    });
  });

  test('bytes are base64 with the attribute of gocloud.dev, and an envelope of kollect has no other', async () => {
    const topic = await listener.create('bytes');
    const url = await reader.create('bytes');
    await listener.subscribe(topic, 'sqs', await reader.arn(url));
    const sink = probe(topic, { encoding: 'kollect' });
    await sink.start();
    const payload = Buffer.from([0x0a, 0xff]);
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1, payload }] }));
    await sink.acked(1);
    const [message] = await reader.drain(url, 1);
    assert.deepEqual([message?.body, message?.attributes], ['Cv8=', { base64encoded: 'true' }]);
  });

  test('too many requests, and a topic that is missing: said, and used as soon as it is there', async () => {
    const sink = probe('arn:aws:sns:us-east-1:123456789012:later.fifo');
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await says(sink, /aws sns create-topic --name later\.fifo --attributes FifoTopic=true \(EXPORTER_TARGET_MISSING/);
    await listener.listen(await listener.create('later.fifo'));
    await started;
    proxy.add({ when: () => true, times: 20, fault: fault(400, 'Throttling', 'Rate exceeded') });
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await says(sink, /Throttling: Rate exceeded \(EXPORTER_UNREACHABLE/);
    proxy.clear();
    await sink.acked(1);
    assert.equal(listener.heard('later.fifo').length, 1);
  });

  test('credentials that are refused are said; a permission to publish alone is enough', async () => {
    const topic = await listener.create('refused');
    await listener.listen(topic);
    proxy.add({ when: () => true, fault: fault(403, 'InvalidClientTokenId', 'The security token is invalid.') });
    const sink = probe(topic);
    await sink.create();
    const started = sink.exporter.start(AbortSignal.timeout(60_000));
    await says(sink, /InvalidClientTokenId: The security token is invalid\. \(EXPORTER_REFUSED/);
    proxy.clear();
    proxy.add({ when: () => true, times: 1, fault: fault(403, 'AuthorizationError', 'not GetTopicAttributes') });
    await started;
    sink.write(makeBatch({ sequence: 1, records: [{ name: 'a', version: 1 }] }));
    await sink.acked(1);
    assert.equal(listener.heard('refused').length, 1);
  });

  test('the server is killed while records go to it: nothing is missing, each object in order', async () => {
    const topic = await listener.create('killed');
    await listener.listen(topic);
    const sink = probe(topic);
    await sink.start();
    const records = recordRun(400, 40);
    for (let i = 0; i < 10; i++)
      sink.write(makeBatch({ sequence: i + 1, records: records.slice(i * 40, i * 40 + 40) }));
    await until('some are there', () => listener.heard('killed').length > 100);
    await server.stop('SIGKILL');
    await until('health tells', () => !sink.exporter.health().ok);
    // The server has forgotten the topic: what is published between its making and its subscription nobody hears.
    proxy.add({ when: () => true, fault: fault(503, 'ServiceUnavailable', 'not yet') });
    await server.restart();
    await listener.listen(await listener.create('killed'));
    proxy.clear();
    await sink.acked(10);
    const heard = listener
      .heard('killed')
      .map(({ Message }) => JSON.parse(Message) as { id: string; key: string; operation: string });
    const firsts = new Map(heard.map((r) => [r.id, { ...r, payload: Buffer.alloc(0) }]));
    assert.equal(firsts.size, records.length, 'each is there');
    assertStored(
      heard.map((r) => ({ ...r, payload: Buffer.alloc(0) })),
      records,
      false,
    );
  });
});
