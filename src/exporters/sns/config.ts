import { z } from 'zod';
import { awsOptions } from '../aws-options.ts';

export const snsConfig = z.strictObject({
  ...awsOptions,
  type: z.literal('sns'),
  topic: z
    .string()
    .regex(
      /^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,251}(\.fifo)?$/,
      'not the ARN of a topic; write it like arn:aws:sns:eu-central-1:123456789012:changes',
    )
    .describe(
      'ARN of the topic. A FIFO topic (.fifo) keeps the order of each object and takes nothing twice within five minutes; another one does neither.',
    ),
  encoding: z
    .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
    .default('json')
    .describe(
      'How a record is written; msgpack, protobuf and kollect as base64, of which the attribute base64encoded tells. kollect: an envelope of kollect, without other attributes.',
    ),
});

export type SnsConfig = z.output<typeof snsConfig>;
