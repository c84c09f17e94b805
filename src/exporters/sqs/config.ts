import { z } from 'zod';
import { awsOptions } from '../aws-options.ts';
import { filterOptions, watchProxyOptions } from '../filter-options.ts';
import { duration } from '../options.ts';

const LONGEST_DELAY = 900_000;

const queue = z
  .string()
  .refine((text) => /^[\w-]{1,75}(\.fifo)?$/.test(text) || isQueueUrl(text), {
    error:
      'neither the URL of a queue nor its name; write it like https://sqs.eu-central-1.amazonaws.com/123456789012/changes or changes.fifo',
  })
  .describe(
    'URL of the queue, or its name. A FIFO queue (.fifo) keeps the order of each object and stores nothing twice within five minutes; another one does neither.',
  );

function isQueueUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname.length > 1 &&
    url.username === '' &&
    url.search === ''
  );
}

export const sqsConfig = z
  .strictObject({
    ...awsOptions,
    ...filterOptions,
    type: z.literal('sqs'),
    queue,
    encoding: z
      .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect', 'watch-proxy'])
      .default('json')
      .describe(
        'How a record is written; msgpack, protobuf and kollect as base64, of which the attribute base64encoded tells. kollect: an envelope of kollect, without other attributes. watch-proxy: the object alone, with the attributes of the program of that name.',
      ),
    delay: duration(0, LONGEST_DELAY)
      .optional()
      .describe(
        'How long a message stays hidden from consumers; not for a FIFO queue. Default: that of the queue. Duration.',
      ),
    watchProxy: z.strictObject(watchProxyOptions).prefault({}).describe('With encoding watch-proxy.'),
  })
  .refine(({ queue, delay }) => delay === undefined || !queue.endsWith('.fifo'), {
    path: ['delay'],
    error: 'a FIFO queue has a delay of its own; leave it out',
  });

export type SqsConfig = z.output<typeof sqsConfig>;
