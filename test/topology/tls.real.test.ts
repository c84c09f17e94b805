import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { DuckDb } from '../support/duckdb.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { RedisServer } from '../support/servers/redis.ts';
import { S3Server } from '../support/servers/s3.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const OBJECTS = 20;

/** Servers with certificates of an authority of their own; NATS and Redis demand the client's too. */
describe('every connection over TLS', () => {
  let kube: KubeServer;
  let nats: NatsServer;
  let redis: RedisServer;
  let s3: S3Server;
  let program: Watershard;
  const file = (name: string): string => join(kube.pki, name);

  before(async () => {
    kube = await KubeServer.start();
    const files = `cert_file: "${file('apiserver.crt')}", key_file: "${file('apiserver.key')}", ca_file: "${kube.ca}"`;
    [nats, redis, s3] = await Promise.all([
      NatsServer.start(`tls { ${files}, verify: true }`),
      RedisServer.startTls(kube.pki),
      S3Server.startTls(kube.pki, 'bucket'),
    ]);
    program = new Watershard(s3.environment);
    for (let i = 0; i < OBJECTS; i++) {
      await kube.must('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: `tls-${i}` } });
    }
  });
  after(async () => {
    await program?.kill();
    await Promise.all([kube, nats, redis, s3].map((server) => server?.stop()));
  });

  function config(ca: string): Record<string, unknown> {
    const tls = { ca, cert: file('admin.crt'), key: file('admin.key') };
    return {
      cluster: { name: 'demo' },
      kubeconfig: kube.kubeconfig,
      watch: { resources: ['configmaps'], namespaces: { include: ['default'] } },
      state: { url: redis.url, tls },
      exporters: [
        { name: 'bus', type: 'jetstream', servers: [nats.url], stream: 'K8S', createStream: true, tls },
        {
          name: 'lake',
          type: 'parquet',
          url: 's3://bucket/prefix',
          endpoint: s3.endpoint,
          ca,
          rotate: { interval: '1s' },
        },
      ],
    };
  }

  test('records are in JetStream and on S3, and a restart sends nothing again', async () => {
    for (const _ of ['first', 'second']) {
      await program.start(config(kube.ca));
      await program.ready();
      await until('the table is there', async () => (await rows()) >= OBJECTS);
      assert.equal(await program.stop(), 0);
      assert.equal(await messages(), await rows());
    }
  });

  test('an authority that does not fit is said, and nothing starts', async () => {
    await program.start(config(file('apiserver.crt')));
    await until('it is told', () => /STATE_UNAVAILABLE: .*(certificate|issuer)/.test(program.log));
    await program.kill();
  });

  test('an authority that is not there is said with its file', async () => {
    await program.start(config('nowhere.crt'));
    await until('it is told', () => /reading state\.tls\.ca.*nowhere\.crt/.test(program.log));
    await program.kill();
  });

  async function rows(): Promise<number> {
    const db = await DuckDb.open();
    try {
      return (await db.table(join(s3.folder, 'root/bucket/prefix'), 'changes')).length;
    } finally {
      db.close();
    }
  }

  async function messages(): Promise<number> {
    const tls = { caFile: kube.ca, certFile: file('admin.crt'), keyFile: file('admin.key') };
    const connection = await connect({ servers: nats.url, tls });
    try {
      const manager = await jetstreamManager(connection);
      const { name } = await manager.consumers.add('K8S', { ack_policy: AckPolicy.None });
      const consumer = await jetstream(connection).consumers.get('K8S', name);
      return (await consumer.info()).num_pending;
    } finally {
      await connection.close();
    }
  }
});
