import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { NatsServer } from '../support/servers/nats.ts';
import { readStream } from './jetstream-reading.ts';

let server: NatsServer;
let stopped = false;

exporterContract('jetstream', {
  up: async () => {
    server = await NatsServer.start('max_payload: 65536');
  },
  down: () => server.stop(),
  reset: async () => {
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    await server.removeStreams(manager);
    await manager.streams.add({ name: 'K8S', subjects: ['k8s.test.>'] });
    await connection.close();
  },
  create: async (context) =>
    await EXPORTERS.jetstream.create(
      EXPORTERS.jetstream.config.parse({ name: 'sink', type: 'jetstream', servers: [server.url], stream: 'K8S' }),
      context,
    ),
  readBack: (): Promise<StoredRecord[]> => readStream({ servers: server.url }, 'K8S'),
  breakSink: async () => {
    stopped = true;
    await server.stop('SIGKILL');
  },
  mendSink: async () => {
    if (!stopped) return;
    stopped = false;
    await server.restart();
  },
  crashSink: async () => {
    await server.stop('SIGKILL');
    await server.restart();
  },
  oversize: 70_000,
});
