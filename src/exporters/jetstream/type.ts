import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { jetstreamConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'by-id',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents'],
};

/** A stream of NATS JetStream. */
export const jetstreamType: ExporterType<typeof jetstreamConfig> = {
  config: jetstreamConfig,
  capabilities,
  lane: ({ encoding, subject, cloudEventsMode }) =>
    encoding === 'cloudevents' ? { encoding, subject, cloudEvents: cloudEventsMode } : { encoding, subject },
  create: async (config, context) => {
    const { JetStreamExporter } = await import('./exporter.ts');
    return new JetStreamExporter(config, context, capabilities);
  },
};
