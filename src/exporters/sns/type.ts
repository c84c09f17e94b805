import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { snsConfig } from './config.ts';

/** Of a FIFO topic. */
const capabilities: Capabilities = {
  acknowledges: true,
  // for five minutes
  deduplicates: 'by-id',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: 'the deduplication id, and the attribute `watershard-id`',
  limit: '256 KiB, or `maxMessageBytes`',
};
const standard: Capabilities = { ...capabilities, deduplicates: 'no', ordered: false };

/** Topics of Amazon SNS, and of what speaks its protocol. */
export const snsType: ExporterType<typeof snsConfig> = {
  config: snsConfig,
  capabilities,
  lane: ({ encoding, clusterId }) => messageLane({ encoding, clusterId }),
  create: async (config, context) => {
    const [{ QueuedExporter }, { AwsBatchSink, exporterOptionsOf }, { messageMaker }, { SnsTarget }, { loadDriver }] =
      await Promise.all([
        import('../queued-exporter.ts'),
        import('../aws-batch-sink.ts'),
        import('../aws-message.ts'),
        import('./client.ts'),
        import('../driver.ts'),
      ]);
    const sdk = await loadDriver(context.name, '@aws-sdk/client-sns', () => import('@aws-sdk/client-sns'));
    const fifo = config.topic.endsWith('.fifo');
    const messageOf = messageMaker({ ...config, cluster: context.cluster, fifo });
    return new QueuedExporter(
      context,
      fifo ? capabilities : standard,
      exporterOptionsOf(config),
      () => new AwsBatchSink(new SnsTarget(sdk, config), config, messageOf),
    );
  },
  check: async (config, context) => {
    const [{ checkAws }, { messageMaker }, { SnsTarget }, { loadDriver }] = await Promise.all([
      import('../aws-check.ts'),
      import('../aws-message.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const sdk = await loadDriver(context.name, '@aws-sdk/client-sns', () => import('@aws-sdk/client-sns'));
    const messageOf = messageMaker({ ...config, cluster: context.cluster, fifo: config.topic.endsWith('.fifo') });
    return await checkAws(new SnsTarget(sdk, config), config, messageOf, 'sns:Publish', context);
  },
};
