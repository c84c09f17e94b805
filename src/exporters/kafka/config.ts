import { z } from 'zod';
import { byteSize, clusterId, duration, exporterOptions, operations, routingTemplate } from '../options.ts';

const sasl = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('How the client proves who it is.'),
  user: z.string().min(1).describe('User name.'),
  password: z.string().describe('Password of the user; write it as ${NAME}.'),
});

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
  cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
  key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
});

const newTopics = z.strictObject({
  partitions: z.int().min(1).optional().describe('Partitions of a new topic. Default: that of the brokers.'),
  replicas: z.int().min(1).max(32_767).optional().describe('Brokers that hold a copy. Default: that of the brokers.'),
});

export const kafkaConfig = z.strictObject({
  ...exporterOptions,
  type: z.literal('kafka'),
  brokers: z
    .array(
      z.string().regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, 'not a host:port; write it like kafka-0.example:9092'),
    )
    .min(1)
    .describe('Addresses of some brokers, host:port; the others are learnt from them.'),
  topic: routingTemplate
    .refine((text) => /^[\w.-]+$/.test(text.replace(/\{[^}]*\}/g, 'x')), {
      error: 'must be of letters, digits, dots, dashes, underscores and placeholders',
    })
    .describe(
      'Template of the topic, mostly without placeholders. What a topic may not have in it becomes an underscore; an empty value is one too.',
    ),
  createTopics: z
    .union([z.boolean(), newTopics])
    .default(false)
    .transform((value) => (value === true ? newTopics.parse({}) : value))
    .describe('Create a topic that does not exist: true, or its settings. An existing topic is never changed.'),
  encoding: z
    .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
    .default('json')
    .describe(
      'How a record is written. cloudevents: one JSON document. kollect: an envelope of kollect, without headers.',
    ),
  clusterId,
  operations,
  key: z
    .enum(['uid', 'object'])
    .default('uid')
    .describe(
      'Key of a message, by which its partition is chosen: <cluster>/<uid>, or <cluster>/<resource>/<namespace>/<name>, which stays where an object is made again under its name.',
    ),
  partitioner: z
    .enum(['murmur2', 'fnv1a'])
    .default('murmur2')
    .describe('How a partition follows from a key: murmur2 as in the Java client, fnv1a as in sarama and kollect.'),
  tombstones: z
    .enum(['none', 'after', 'instead'])
    .default('none')
    .describe(
      'Messages without a value for what is deleted, so that compaction removes the key: after the record of the delete, or instead of it. Wants key: uid or object alike.',
    ),
  compression: z
    .enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    .default('none')
    .describe('Compression of what is sent to a partition together.'),
  batchBytes: byteSize(1)
    .prefault('768KiB')
    .describe('Bytes of records that are sent together. Keep it below max.message.bytes of the topics. Size.'),
  maxRecordBytes: byteSize(1)
    .prefault('8MiB')
    .describe(
      'A record above this is not even sent: a broker ends the connection above its socket.request.max.bytes. Below, max.message.bytes of the topic decides. What is too large goes to the deadLetter exporter, or is dropped, counted and logged. Size.',
    ),
  ackTimeout: duration(100)
    .prefault('10s')
    .describe('How long the brokers may take to replicate what was sent; it is sent again then. Duration.'),
  sasl: sasl.optional().describe('Authentication.'),
  tls: tls.optional().describe('Connect with TLS; {} trusts the authorities that Node.js knows.'),
});

export type KafkaConfig = z.output<typeof kafkaConfig>;
