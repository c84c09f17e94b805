import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { RabbitServer } from '../support/servers/rabbitmq.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { bindQueue, readQueue } from './rabbitmq-reading.ts';

let server: RabbitServer;
let proxy: TcpProxy;
let target = '';
let targets = 0;

exporterContract('rabbitmq', {
  up: async () => {
    server = await RabbitServer.start();
    proxy = await TcpProxy.start(server.port);
  },
  down: async () => {
    await proxy.stop();
    await server.stop();
  },
  reset: async () => {
    target = `changes-${++targets}`;
    await bindQueue(server.url, target, target);
  },
  create: async (context) => {
    const urls = [`amqp://guest:guest@127.0.0.1:${proxy.port}/`];
    const config = { name: 'sink', type: 'rabbitmq', urls, exchange: target, maxRecordBytes: '1MiB' };
    return await EXPORTERS.rabbitmq.create(EXPORTERS.rabbitmq.config.parse(config), context);
  },
  readBack: async () =>
    (await readQueue(server.url, target)).map(({ content, properties }): StoredRecord => {
      const { id, key, operation } = JSON.parse(String(content)) as StoredRecord;
      if (properties.messageId !== id || properties.headers?.['watershard-id'] !== id) throw new Error('another id');
      return { id, key, operation, payload: content };
    }),
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  crashSink: async () => {
    await server.stopNode();
    await server.restart();
  },
  oversize: 1_200_000,
});
