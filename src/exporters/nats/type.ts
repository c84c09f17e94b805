import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { natsConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: false,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: 'the header `Nats-Msg-Id`',
  limit: '`max_payload` of the server (1 MB)',
};

/** Subjects of NATS without JetStream: whoever listens gets it, and nobody stores it. */
export const natsType: ExporterType<typeof natsConfig> = {
  config: natsConfig,
  capabilities,
  lane: messageLane,
  create: async (config, context) => {
    const [{ QueuedExporter }, { NatsSink }] = await Promise.all([
      import('../queued-exporter.ts'),
      import('./client.ts'),
    ]);
    const { batchBytes, operations } = config;
    const options = { batchBytes, batchRecords: 4096, operations };
    return new QueuedExporter(context, capabilities, options, (events) => new NatsSink(config, context, events));
  },
  check: async (config, context) => {
    const { checkNats } = await import('./check.ts');
    return await checkNats(config, context);
  },
};
