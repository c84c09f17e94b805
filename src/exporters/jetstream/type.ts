import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { jetstreamConfig } from './config.ts';
import { replyLength } from './reply.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'by-id',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents'],
  idIn: 'the header `Nats-Msg-Id`',
  limit: '`max_payload` of the server (1 MB), above by claim check or dead letter',
};

/** A stream of NATS JetStream. */
export const jetstreamType: ExporterType<typeof jetstreamConfig> = {
  config: jetstreamConfig,
  capabilities,
  lane: ({ encoding, subject, cloudEventsMode, stream, inboxPrefix, required, buffer }) => ({
    encoding,
    subject,
    ...(encoding === 'cloudevents' ? { cloudEvents: cloudEventsMode } : {}),
    // What waits on the disk may be sent by another process, with another stream and inbox in its configuration.
    ...(!required && buffer.type === 'disk' ? {} : { frame: { stream, replyLength: replyLength(inboxPrefix) } }),
  }),
  create: async (config, context) => {
    const { JetStreamExporter } = await import('./exporter.ts');
    return new JetStreamExporter(config, context, capabilities);
  },
  check: async (config, context) => {
    const { checkJetStream } = await import('./check.ts');
    return await checkJetStream(config, context);
  },
};
