import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { kafkaConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  // Repetitions within a producer's session are suppressed by the brokers; after a restart they are stored again.
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: 'the header `watershard-id`',
  limit: '`max.message.bytes` of the topic (1 MB)',
};

/** Topics of Kafka, and of what speaks its protocol. */
export const kafkaType: ExporterType<typeof kafkaConfig> = {
  config: kafkaConfig,
  capabilities,
  lane: ({ encoding, topic, clusterId }) => messageLane({ encoding, subject: topic, clusterId }),
  create: async (config, context) => {
    const [{ QueuedExporter }, { KafkaSink }, { loadDriver }] = await Promise.all([
      import('../queued-exporter.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const driver = await loadDriver(context.name, '@platformatic/kafka', () => import('@platformatic/kafka'));
    const { batchBytes, operations } = config;
    const options = { batchBytes, batchRecords: 4096, operations };
    return new QueuedExporter(
      context,
      capabilities,
      options,
      (events) => new KafkaSink(driver, config, context, events),
    );
  },
  check: async (config, context) => {
    const [{ checkKafka }, { loadDriver }] = await Promise.all([import('./check.ts'), import('../driver.ts')]);
    const driver = await loadDriver(context.name, '@platformatic/kafka', () => import('@platformatic/kafka'));
    return await checkKafka(driver, config, context);
  },
};
