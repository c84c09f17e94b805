import type { Capabilities } from '../exporter.ts';
import type { ExporterType } from '../exporter-type.ts';
import { messageLane } from '../message-lane.ts';
import { servicebusConfig } from './config.ts';

const capabilities: Capabilities = {
  acknowledges: true,
  // A queue or topic of Azure does, where it has duplicate detection; it cannot be asked with the right to send alone.
  deduplicates: 'no',
  ordered: true,
  cuts: false,
  encodings: ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'],
  idIn: '`message-id`',
  limit: 'what the link says (256 KB, premium up to 100 MB)',
};

/** Queues and topics of Azure Service Bus, and of other brokers of AMQP 1.0. */
export const servicebusType: ExporterType<typeof servicebusConfig> = {
  config: servicebusConfig,
  capabilities,
  lane: ({ encoding, subject, clusterId }) =>
    messageLane({ encoding, clusterId, ...(encoding === 'kollect' ? {} : { subject }) }),
  create: async (config, context) => {
    const [{ QueuedExporter }, { ServicebusSink }, { loadDriver }] = await Promise.all([
      import('../queued-exporter.ts'),
      import('./client.ts'),
      import('../driver.ts'),
    ]);
    const { default: driver } = await loadDriver(context.name, 'rhea', () => import('rhea'));
    const { maxInFlight, maxInFlightBytes, operations } = config;
    const options = { batchRecords: maxInFlight, batchBytes: maxInFlightBytes, operations };
    return new QueuedExporter(
      context,
      capabilities,
      options,
      (events) => new ServicebusSink(driver, config, context, events),
    );
  },
  check: async (config, context) => {
    const [{ checkServicebus }, { loadDriver }] = await Promise.all([import('./check.ts'), import('../driver.ts')]);
    const { default: driver } = await loadDriver(context.name, 'rhea', () => import('rhea'));
    return await checkServicebus(driver, config, context);
  },
};
