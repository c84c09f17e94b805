import { z } from 'zod';
import { byteSize, clusterId, duration, exporterOptions, operations } from './options.ts';

/** Settings that SQS and SNS share, to be spread into their schemas. */
export const awsOptions = {
  ...exporterOptions,
  clusterId,
  operations,
  group: z
    .enum(['uid', 'object'])
    .default('uid')
    .describe(
      'Message group of a FIFO target: <cluster>/<uid>, or <cluster>/<resource>/<namespace>/<name>, which stays where an object is made again under its name.',
    ),
  maxMessageBytes: byteSize(1024)
    .prefault('256KiB')
    .describe(
      'Limit of a message with its attributes, and of those that are sent together. What is larger goes to the deadLetter exporter, or is dropped, counted and logged. Size.',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(50)
    .default(8)
    .describe('Requests under way at once, of ten messages at most each; never two with records of one object.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'not a region; write it like eu-central-1')
    .optional()
    .meta({
      description: 'Region of AWS.',
      'x-default': 'that of the target, else what the environment says, else us-east-1 where endpoint is set',
    }),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine((text) => URL.parse(text)?.username === '', {
      error: 'credentials come from the environment, not from here',
    })
    .optional()
    .describe('Address of a server that speaks the protocol (ElasticMQ, LocalStack). Without it that of AWS is used.'),
  profile: z
    .string()
    .min(1)
    .optional()
    .describe("Profile of the AWS configuration files. Default: as the SDK's chain of credentials finds it."),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File with the certificates of the authorities, PEM. Default: the well-known ones.'),
  requestTimeout: duration(100)
    .prefault('30s')
    .describe('Without an answer for this long a request is given up and made again. Duration.'),
} as const;

/** What the parts that SQS and SNS share need to know. */
export interface AwsSettings {
  readonly encoding: 'json' | 'msgpack' | 'protobuf' | 'cloudevents' | 'kollect' | 'watch-proxy';
  readonly clusterId?: string | undefined;
  readonly group: 'uid' | 'object';
  readonly maxMessageBytes: number;
  readonly concurrency: number;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly ca?: string | undefined;
  readonly requestTimeout: number;
}
