import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import type { StoredRecord } from '../support/exporter-probe.ts';
import { Moto } from '../support/servers/moto.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { SnsListener } from './sns-reading.ts';
import { AWS_ENVIRONMENT } from './sqs-reading.ts';

Object.assign(process.env, AWS_ENVIRONMENT);

let server: Moto;
let proxy: TcpProxy;
let listener: SnsListener;
let topic = '';
let topics = 0;

// A topic that is not FIFO, as this server delivers what a FIFO topic was given twice twice. It forgets topics and subscribers with
// a crash: sns.real.test.ts looks at one.
exporterContract('sns', {
  up: async () => {
    server = await Moto.start();
    proxy = await TcpProxy.start(server.port);
    listener = new SnsListener(server.endpoint);
    await listener.start();
  },
  down: async () => {
    await listener.stop();
    await proxy.stop();
    await server.stop('SIGKILL');
  },
  reset: async () => {
    topic = await listener.create(`changes-${++topics}`);
    await listener.listen(topic);
  },
  create: async (context) => {
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    const config = EXPORTERS.sns.config.parse({ name: 'sink', type: 'sns', topic, endpoint });
    return await EXPORTERS.sns.create(config, context);
  },
  readBack: async () =>
    listener.heard(`changes-${topics}`).map(({ Message }): StoredRecord => {
      const { id, key, operation } = JSON.parse(Message) as StoredRecord;
      return { id, key, operation, payload: Buffer.from(Message) };
    }),
  breakSink: async () => proxy.reset(true),
  mendSink: async () => proxy.heal(),
  oversize: 300_000,
});
