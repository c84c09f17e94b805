import type { Capabilities } from '../exporter.ts';
import type { ExporterType, LaneWish } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { type SqsConfig, sqsConfig } from './config.ts';

/** Of a FIFO queue. */
const capabilities: Capabilities = {
  acknowledges: true,
  // for five minutes
  deduplicates: 'by-id',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect', 'watch-proxy'],
  idIn: 'the deduplication id, and the attribute `watershard-id`',
  limit: '256 KiB, or `maxMessageBytes`',
};
const standard: Capabilities = { ...capabilities, deduplicates: 'no', ordered: false };

function laneOf({ encoding, clusterId, watchProxy }: SqsConfig): LaneWish {
  const { clusterName, assetIds, keepKind } = watchProxy;
  const named = clusterName === undefined ? {} : { clusterName };
  return {
    ...messageLane({ encoding, clusterId }),
    ...(encoding === 'watch-proxy' ? { watchProxy: { ...named, assetIds, keepKind, objectOnly: true } } : {}),
  };
}

/** Queues of Amazon SQS, and of what speaks its protocol. */
export const sqsType: ExporterType<typeof sqsConfig> = {
  config: sqsConfig,
  capabilities,
  lane: laneOf,
  create: async (config, context) => {
    const [
      { QueuedExporter },
      { AwsBatchSink, exporterOptionsOf },
      { messageMaker },
      { streamFilter },
      target,
      driver,
    ] = await Promise.all([
      import('../queued-exporter.ts'),
      import('../aws-batch-sink.ts'),
      import('../aws-message.ts'),
      import('../record-filter.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const name = '@aws-sdk/client-sqs';
    const sdk = await driver.loadDriver(context.name, name, () => import('@aws-sdk/client-sqs'));
    const fifo = config.queue.endsWith('.fifo');
    const messageOf = messageMaker({ ...config, cluster: context.cluster, fifo });
    const filter = (resource: Parameters<typeof streamFilter>[1]) =>
      streamFilter({ ...config, operations: [] }, resource);
    return new QueuedExporter(
      context,
      fifo ? capabilities : standard,
      { ...exporterOptionsOf(config), filter },
      () => new AwsBatchSink(new target.SqsTarget(sdk, config), config, messageOf),
    );
  },
  check: async (config, context) => {
    const [{ checkAws }, { messageMaker }, { SqsTarget }, { loadDriver }] = await Promise.all([
      import('../aws-check.ts'),
      import('../aws-message.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const sdk = await loadDriver(context.name, '@aws-sdk/client-sqs', () => import('@aws-sdk/client-sqs'));
    const messageOf = messageMaker({ ...config, cluster: context.cluster, fifo: config.queue.endsWith('.fifo') });
    return await checkAws(new SqsTarget(sdk, config), config, messageOf, 'sqs:SendMessage', context);
  },
};
