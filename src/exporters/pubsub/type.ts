import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { pubsubConfig, splitTopic } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: 'the attribute `watershard-id`',
  limit: '10 MB',
};

/** Topics of Google Cloud Pub/Sub. */
export const pubsubType: ExporterType<typeof pubsubConfig> = {
  config: pubsubConfig,
  capabilities,
  lane: ({ encoding, topic, clusterId }) => messageLane({ encoding, subject: splitTopic(topic).topic, clusterId }),
  create: async (config, context) => {
    const [{ QueuedExporter }, { PubsubSink }, { loadDriver }] = await Promise.all([
      import('../queued-exporter.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const driver = await loadDriver(context.name, '@google-cloud/pubsub', () => import('@google-cloud/pubsub'));
    return new QueuedExporter(
      context,
      { ...capabilities, ordered: config.ordering },
      { batchBytes: 8 * 2 ** 20, batchRecords: 4096, operations: config.operations },
      () => new PubsubSink(driver, config, context),
    );
  },
  check: async (config, context) => {
    const [{ checkPubsub }, { loadDriver }] = await Promise.all([import('./check.ts'), import('../driver.ts')]);
    const driver = await loadDriver(context.name, '@google-cloud/pubsub', () => import('@google-cloud/pubsub'));
    return await checkPubsub(driver, config, context);
  },
};
