import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { rabbitmqConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: '`message-id`',
  limit: '`max_message_size` of the broker',
};

/** Exchanges of RabbitMQ (AMQP 0-9-1), with publisher confirms. */
export const rabbitmqType: ExporterType<typeof rabbitmqConfig> = {
  config: rabbitmqConfig,
  capabilities,
  lane: ({ encoding, routingKey, clusterId }) =>
    messageLane({ encoding, clusterId, ...(routingKey === '' ? {} : { subject: routingKey }) }),
  create: async (config, context) => {
    const [{ QueuedExporter }, { RabbitmqSink }, { loadDriver }] = await Promise.all([
      import('../queued-exporter.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const { default: driver } = await loadDriver(context.name, 'amqplib', () => import('amqplib'));
    const { maxInFlight, maxInFlightBytes, operations } = config;
    const options = { batchRecords: maxInFlight, batchBytes: maxInFlightBytes, operations };
    return new QueuedExporter(
      context,
      capabilities,
      options,
      (events) => new RabbitmqSink(driver, config, context, events),
    );
  },
  check: async (config, context) => {
    const [{ checkRabbitmq }, { loadDriver }] = await Promise.all([import('./check.ts'), import('../driver.ts')]);
    const { default: driver } = await loadDriver(context.name, 'amqplib', () => import('amqplib'));
    return await checkRabbitmq(driver, config, context);
  },
};
