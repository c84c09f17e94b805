import { z } from 'zod';
import { byteSize, duration, exporterOptions } from '../options.ts';

const MIB = 2 ** 20;

export const parquetConfig = z.strictObject({
  ...exporterOptions,
  type: z.literal('parquet'),
  url: z
    .string()
    .regex(
      /^(s3:\/\/[^/]+(\/.*)?|file:\/\/\/.+|\.{0,2}\/.+)$/,
      'write it like s3://bucket/prefix, file:///folder or ./folder',
    )
    .describe('Where the tables are: s3://bucket/prefix, or a folder as file:///folder or ./folder.'),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address of an S3-compatible server. Without it the AWS endpoint of the region is used.'),
  region: z
    .string()
    .min(1)
    .optional()
    .describe('Region of the bucket. Default: what the environment says, else us-east-1 where endpoint is set.'),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe('Address buckets by path instead of host name. Default: true where endpoint is set.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the certificates of the authorities of the S3-compatible server, PEM. Default: the well-known ones.',
    ),
  partSize: byteSize(5 * MIB)
    .prefault('64MiB')
    .describe(
      'A larger file goes to S3 in parts of this size. Smaller parts get through a slow network more easily. Size, 5MiB at least.',
    ),
  requestTimeout: duration(100)
    .prefault('30s')
    .describe('A request to S3 is given up after this long, and a second more for each MiB that it carries. Duration.'),
  rotate: z
    .strictObject({
      interval: duration(100)
        .prefault('60s')
        .describe(
          'A file is closed and stored this long after its first row, so a lone record is visible by then. Duration.',
        ),
      rows: z.int().min(1).default(100_000).describe('Rows of a stream after which its files are closed.'),
      bytes: byteSize(64 * 1024)
        .prefault('64MiB')
        .describe('Bytes held for a stream (compressed, and waiting to be) at which its files are closed. Size.'),
    })
    .prefault({})
    .describe('When files are closed; whichever comes first.'),
  memory: byteSize(MIB)
    .prefault('64MiB')
    .describe(
      'Bytes held for all open files and for those that are being stored. At half of it the largest files are closed; when it is used up, records wait. Size.',
    ),
  inventoryInterval: duration(1000)
    .optional()
    .describe(
      'How often `run` lists everything into the table `inventory`, one row a living object with the moment in `as_of`. Without it only `watershard snapshot` does. Duration.',
    ),
  inventoryObjects: z
    .boolean()
    .default(false)
    .describe('Whether the table `inventory` has the whole object beside identity, labels and fields.'),
});

export type ParquetConfig = z.output<typeof parquetConfig>;
