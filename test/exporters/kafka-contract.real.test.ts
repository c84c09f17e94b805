import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { KafkaServer } from '../support/servers/kafka.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { access, createTopic, readTopic } from './kafka-reading.ts';

let server: KafkaServer;
let proxy: TcpProxy;
let topic = '';
let topics = 0;

// The brokers tell clients to come through the proxy, so that they can be cut off; a crash is one of the server itself.
exporterContract('kafka', {
  up: async () => {
    const advertise = async (port: number): Promise<number> => {
      proxy = await TcpProxy.start(port);
      return proxy.port;
    };
    server = await KafkaServer.start({ advertise });
  },
  down: async () => {
    await proxy.stop();
    await server.stop('SIGKILL');
  },
  reset: async () => {
    topic = `changes-${++topics}`;
    await createTopic(access(server.brokers), topic);
  },
  create: async (context) => {
    const config = { name: 'sink', type: 'kafka', brokers: server.brokers, topic, compression: 'zstd' };
    return await EXPORTERS.kafka.create(EXPORTERS.kafka.config.parse(config), context);
  },
  readBack: async () =>
    (await readTopic(access(server.brokers), topic)).map(({ value, headers }): StoredRecord => {
      const payload = value ?? Buffer.alloc(0);
      const { id, key, operation } = JSON.parse(String(payload)) as StoredRecord;
      if (headers['watershard-id'] !== id) throw new Error('another id in the headers');
      return { id, key, operation, payload };
    }),
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  crashSink: async () => {
    await server.stop('SIGKILL');
    await server.restart();
  },
  oversize: 9_000_000,
});
