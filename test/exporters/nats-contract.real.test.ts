import { connect, type NatsConnection } from '@nats-io/transport-node';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

let server: NatsServer;
let proxy: TcpProxy;
let listener: NatsConnection;
let heard: StoredRecord[] = [];

// Nobody stores what core NATS carries, so the listener has a connection of its own, which nothing breaks.
exporterContract('nats', {
  up: async () => {
    server = await NatsServer.start('max_payload: 65536');
    proxy = await TcpProxy.start(server.port);
    listener = await connect({ servers: server.url });
    listener.subscribe('k8s.>', {
      callback: (error, message) => {
        if (error !== null) throw error;
        const { id, key, operation } = message.json<StoredRecord>();
        if (message.headers?.get('Nats-Msg-Id') !== id) throw new Error('another id in the headers');
        heard.push({ id, key, operation, payload: message.data });
      },
    });
    await listener.flush();
  },
  down: async () => {
    await listener.close();
    await proxy.stop();
    await server.stop();
  },
  reset: async () => {
    await listener.flush();
    heard = [];
  },
  create: async (context) => {
    const servers = [`nats://127.0.0.1:${proxy.port}`];
    return await EXPORTERS.nats.create(EXPORTERS.nats.config.parse({ name: 'sink', type: 'nats', servers }), context);
  },
  readBack: async () => {
    await listener.flush();
    return [...heard];
  },
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  crashSink: async () => proxy.reset(),
  oversize: 70_000,
});
