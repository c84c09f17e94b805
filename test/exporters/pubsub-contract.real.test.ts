import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { PubsubServer } from '../support/servers/pubsub.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { PubsubReader } from './pubsub-reading.ts';

let server: PubsubServer;
let proxy: TcpProxy;
let reader: PubsubReader;
let topic = '';
let topics = 0;

exporterContract('pubsub', {
  up: async () => {
    server = await PubsubServer.start();
    proxy = await TcpProxy.start(server.port);
    reader = new PubsubReader(server.host);
  },
  down: async () => {
    await reader.close();
    await proxy.stop();
    await server.stop('SIGKILL');
  },
  reset: async () => {
    topic = `changes-${++topics}`;
    await reader.createTopic(topic);
    await reader.subscribe(topic);
  },
  create: async (context) => {
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    const config = { name: 'sink', type: 'pubsub', endpoint, topic: `projects/test/topics/${topic}` };
    return await EXPORTERS.pubsub.create(EXPORTERS.pubsub.config.parse(config), context);
  },
  readBack: async () =>
    (await reader.read(topic)).map(
      ({ data, attributes }): StoredRecord => ({
        id: attributes['watershard-id'] ?? '',
        key: ['resource', 'namespace', 'name'].map((part) => attributes[`watershard-${part}`]).join('/'),
        operation: attributes['watershard-operation'] ?? '',
        payload: data,
      }),
    ),
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  crashSink: async () => {
    await server.stop('SIGKILL');
    await server.restart();
    reader.forget();
  },
  oversize: 10_000_000,
});
