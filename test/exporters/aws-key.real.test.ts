import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { HttpProxy } from '../faults/http-proxy.ts';
import { makeBatch } from '../support/batches.ts';
import { ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { Moto } from '../support/servers/moto.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { SnsListener } from './sns-reading.ts';
import { AWS_ENVIRONMENT, SqsReader } from './sqs-reading.ts';

const FILE = join(temporaryFolder('aws'), 'credentials');
Object.assign(process.env, AWS_ENVIRONMENT, { AWS_SHARED_CREDENTIALS_FILE: FILE });
delete process.env.AWS_ACCESS_KEY_ID;
delete process.env.AWS_SECRET_ACCESS_KEY;

const MESSAGE = 'The security token included in the request is invalid';
const XML = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>${MESSAGE}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
const REFUSALS = {
  sqs: {
    status: 403,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ __type: 'com.amazon.coral.service#UnrecognizedClientException', message: MESSAGE }),
  },
  sns: { status: 403, headers: { 'content-type': 'text/xml' }, body: XML },
} as const;

function writeKey(accessKeyId: string): void {
  const key = [`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = secret-of-${accessKeyId}`];
  writeFileSync(FILE, ['[default]', ...key, '[bus]', ...key, ''].join('\n'));
}

interface Side {
  readonly server: { readonly endpoint: string; stop(signal: NodeJS.Signals): Promise<void> };
  /** Settings of a target that is made. */
  target(): Promise<Readonly<Record<string, unknown>>>;
  count(): Promise<number>;
  end?(): Promise<void>;
}

const SIDES: Readonly<Record<keyof typeof REFUSALS, () => Promise<Side>>> = {
  sqs: async () => {
    const server = await ElasticMq.start();
    const reader = new SqsReader(server.endpoint);
    let url = '';
    let read = 0;
    return {
      server,
      target: async () => {
        url = await reader.create('keys.fifo');
        return { queue: 'keys.fifo', profile: 'bus' };
      },
      count: async () => {
        read += (await reader.drain(url)).length;
        return read;
      },
    };
  },
  sns: async () => {
    const server = await Moto.start();
    const listener = new SnsListener(server.endpoint);
    await listener.start();
    return {
      server,
      target: async () => {
        const topic = await listener.create('keys');
        await listener.listen(topic);
        return { topic };
      },
      count: async () => listener.heard('keys').length,
      end: () => listener.stop(),
    };
  },
};

for (const type of ['sqs', 'sns'] as const) {
  describe(`${type}: a key in the shared credentials file is rotated`, () => {
    let side: Side;
    let proxy: HttpProxy;
    let sink: ExporterProbe;
    let sequence = 0;
    before(async () => {
      side = await SIDES[type]();
      proxy = await HttpProxy.start({ target: () => side.server.endpoint });
    });
    after(async () => {
      await sink.exporter?.close();
      await proxy.stop();
      await side.end?.();
      await side.server.stop('SIGKILL');
    });

    /** From here on this is the only key that is taken. @returns how often another one was refused */
    function takeOnly(accessKeyId: string): () => number {
      proxy.clear();
      const isOther = (authorization: string): boolean => !authorization.includes(`Credential=${accessKeyId}/`);
      const fault = { type: 'answer', ...REFUSALS[type] } as const;
      return proxy.add({ when: ({ authorization }) => isOther(authorization), fault });
    }
    /** Ten records. @returns the sequence of their batch */
    function write(): number {
      const at = ++sequence;
      sink.write(makeBatch({ sequence: at, records: recordRun(10, 10, at) }));
      return at;
    }

    test('after the file: nothing is noticed', async () => {
      writeKey('first');
      takeOnly('first');
      const settings = { name: 'sink', type, endpoint: proxy.url, ...(await side.target()) };
      const create = (context: Parameters<(typeof EXPORTERS)['sqs']['create']>[1]) =>
        type === 'sqs'
          ? EXPORTERS.sqs.create(EXPORTERS.sqs.config.parse(settings), context)
          : EXPORTERS.sns.create(EXPORTERS.sns.config.parse(settings), context);
      sink = new ExporterProbe({ create });
      await sink.start();
      await sink.acked(write());
      writeKey('second');
      const refused = takeOnly('second');
      for (let i = 0; i < 3; i++) await sink.acked(write());
      assert.ok(refused() >= 1);
      assert.equal(await sink.metric('retries'), 0);
      assert.deepEqual(sink.exporter.health(), { ok: true });
    });

    test('before the file: what is written waits for it, and each record arrives', async () => {
      const refused = takeOnly('third');
      const last = write();
      await until('health says it', () => /EXPORTER_REFUSED/.test(sink.exporter.health().detail ?? ''));
      assert.match(sink.exporter.health().detail ?? '', /UnrecognizedClientException|InvalidClientTokenId/);
      assert.doesNotMatch(JSON.stringify(sink.exporter.health()), /secret-of/);
      writeKey('third');
      await sink.acked(last);
      assert.ok(refused() >= 1);
      assert.deepEqual(sink.exporter.health(), { ok: true });
      assert.equal(await side.count(), sequence * 10);
    });
  });
}
