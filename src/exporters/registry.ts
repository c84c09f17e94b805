import { z } from 'zod';
import { fileType } from './file/type.ts';
import { httpType } from './http/type.ts';
import { jetstreamType } from './jetstream/type.ts';
import { kafkaType } from './kafka/type.ts';
import { natsType } from './nats/type.ts';
import { parquetType } from './parquet/type.ts';
import { pubsubType } from './pubsub/type.ts';
import { rabbitmqType } from './rabbitmq/type.ts';
import { servicebusType } from './servicebus/type.ts';
import { snsType } from './sns/type.ts';
import { sqsType } from './sqs/type.ts';

/** Every kind of sink, by the `type` of its configuration. A new one is one line here and a folder of its own. */
export const EXPORTERS = {
  jetstream: jetstreamType,
  nats: natsType,
  kafka: kafkaType,
  pubsub: pubsubType,
  rabbitmq: rabbitmqType,
  servicebus: servicebusType,
  sqs: sqsType,
  sns: snsType,
  file: fileType,
  parquet: parquetType,
  http: httpType,
} as const;

export type ExporterConfig = z.output<(typeof EXPORTERS)[keyof typeof EXPORTERS]['config']>;

const leaves = Object.values(EXPORTERS).map((type) => type.config);

/** One entry of `exporters` in the configuration. */
export const exporterConfig = z.discriminatedUnion('type', leaves as [(typeof leaves)[number], ...typeof leaves]);
