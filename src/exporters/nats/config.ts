import { z } from 'zod';
import { natsChecks, natsCredentials, natsServers } from '../nats-options.ts';
import { byteSize, clusterId, exporterOptions, operations, routingTemplate } from '../options.ts';

export const natsConfig = z
  .strictObject({
    ...exporterOptions,
    type: z.literal('nats'),
    servers: natsServers,
    subject: routingTemplate
      .refine((text) => text.split('.').every((token) => token !== '') && !text.startsWith('$'), {
        error: 'must be tokens between dots, and must not begin with $',
      })
      .default('k8s.{cluster}.{group}.{resource}.{namespace}.{name}')
      .describe('Template of the subject. In each value %, ., *, > and white space are percent-encoded.'),
    encoding: z
      .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
      .default('json')
      .describe(
        'How a record is written. cloudevents: one JSON document. kollect: an envelope of kollect, without headers.',
      ),
    clusterId,
    operations,
    batchBytes: byteSize(1)
      .prefault('1MiB')
      .describe('Bytes of messages that are published before the server is asked whether it has taken them. Size.'),
    ...natsCredentials,
  })
  .refine(natsChecks.complete, natsChecks.incomplete)
  .refine(natsChecks.single, natsChecks.several);

export type NatsConfig = z.output<typeof natsConfig>;
