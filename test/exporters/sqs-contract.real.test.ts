import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { ElasticMq } from '../support/servers/elasticmq.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { AWS_ENVIRONMENT, SqsReader } from './sqs-reading.ts';

Object.assign(process.env, AWS_ENVIRONMENT);

// A queue that is not FIFO keeps no order: a consumer sorts by version, and the queue here only by milliseconds.
for (const suffix of ['.fifo', '']) {
  let server: ElasticMq;
  let proxy: TcpProxy;
  let reader: SqsReader;
  let url = '';
  let queues = 0;
  let read: StoredRecord[] = [];

  exporterContract(`sqs${suffix}`, {
    up: async () => {
      server = await ElasticMq.start();
      proxy = await TcpProxy.start(server.port);
      reader = new SqsReader(server.endpoint);
    },
    down: async () => {
      await proxy.stop();
      await server.stop('SIGKILL');
    },
    reset: async () => {
      url = await reader.create(`changes-${++queues}${suffix}`);
      read = [];
    },
    create: async (context) => {
      const queue = `http://127.0.0.1:${proxy.port}${new URL(url).pathname}`;
      return await EXPORTERS.sqs.create(EXPORTERS.sqs.config.parse({ name: 'sink', type: 'sqs', queue }), context);
    },
    readBack: async () => {
      for (const { body, attributes } of await reader.drain(url)) {
        const { id, key, operation } = JSON.parse(body) as StoredRecord;
        if (attributes['watershard-id'] !== id) throw new Error('another id in the attributes');
        read.push({ id, key, operation, payload: Buffer.from(body) });
      }
      return suffix === '' ? read.toSorted((a, b) => versionOf(a) - versionOf(b)) : read;
    },
    breakSink: async () => proxy.reset(true),
    mendSink: async () => proxy.heal(),
    // What this server holds ends with it; sqs.real.test.ts looks at one that is killed. Here all connections break.
    crashSink: async () => proxy.reset(false),
    oversize: 300_000,
  });
}

function versionOf({ id }: StoredRecord): number {
  return Number(id.split(':')[1]);
}
