import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { ArtemisServer } from '../support/servers/artemis.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { readBus } from './servicebus-reading.ts';

let server: ArtemisServer;
let proxy: TcpProxy;
let queue = '';
let queues = 0;

exporterContract('servicebus', {
  up: async () => {
    server = await ArtemisServer.start();
    proxy = await TcpProxy.start(server.port);
  },
  down: async () => {
    await proxy.stop();
    await server.stop();
  },
  reset: async () => {
    queue = `changes-${++queues}`;
  },
  create: async (context) => {
    const to = { host: '127.0.0.1', port: proxy.port, tls: false, queue, maxMessageBytes: '1MiB' };
    return await EXPORTERS.servicebus.create(
      EXPORTERS.servicebus.config.parse({ name: 'sink', type: 'servicebus', ...to }),
      context,
    );
  },
  readBack: async () =>
    (await readBus(server.port, queue)).map(({ message_id, application_properties, body }): StoredRecord => {
      const payload = (body as { content: Buffer }).content;
      const { id, key, operation } = JSON.parse(String(payload)) as StoredRecord;
      if (message_id !== id || application_properties?.['watershard-id'] !== id) throw new Error('another id');
      return { id, key, operation, payload };
    }),
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  crashSink: async () => {
    await server.stop();
    await server.restart();
  },
  oversize: 1_200_000,
});
