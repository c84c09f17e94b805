import { z } from 'zod';
import { byteSize, clusterId, duration, exporterOptions, operations, routingTemplate } from '../options.ts';

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
  cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
  key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
});

const newExchange = z.strictObject({
  type: z.enum(['topic', 'fanout', 'direct', 'headers']).default('topic').describe('Type of a new exchange.'),
  durable: z.boolean().default(true).describe('Whether it outlives a restart of the broker.'),
});

export const rabbitmqConfig = z
  .strictObject({
    ...exporterOptions,
    type: z.literal('rabbitmq'),
    urls: z
      .array(
        z.string().refine(isAddress, 'not an address; write it like amqp://rabbit.example:5672/vhost, or amqps://'),
      )
      .min(1)
      .describe(
        'Addresses of the nodes, tried in turn: amqp://host:5672/vhost, or amqps://host:5671/vhost for TLS. Without a path the virtual host is /.',
      ),
    user: z.string().min(1).optional().describe('User name, where the addresses hold none. Default: guest.'),
    password: z.string().optional().describe('Password of the user; write it as ${NAME}.'),
    tls: tls.optional().describe('For amqps://; without it the authorities are trusted that Node.js knows.'),
    exchange: z
      .string()
      .max(255)
      .describe(
        'Exchange to publish to; the empty text is the default exchange, whose routing keys are names of queues.',
      ),
    createExchange: z
      .union([z.boolean(), newExchange])
      .default(false)
      .transform((value) => (value === true ? newExchange.parse({}) : value))
      .describe('Declare the exchange if it does not exist: true, or its settings.'),
    routingKey: z
      .union([z.literal(''), routingTemplate])
      .default('k8s.{cluster}.{group}.{resource}.{namespace}.{name}')
      .describe(
        'Template of the routing key; may be empty. In each value %, ., *, > and white space are percent-encoded, so that bindings go by words. 255 bytes at most.',
      ),
    unroutable: z
      .enum(['retry', 'drop'])
      .default('retry')
      .describe(
        'What happens to a record that no queue is bound for: it is tried again until there is one, and holds up all others; or it goes to the deadLetter exporter, and is dropped, counted and logged where there is none.',
      ),
    persistent: z.boolean().default(true).describe('Ask durable queues to write messages to the disk.'),
    encoding: z
      .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
      .default('json')
      .describe(
        'How a record is written. cloudevents: one JSON document. kollect: an envelope of kollect, without headers.',
      ),
    clusterId,
    operations,
    maxInFlight: z.int().min(1).max(65_535).default(1024).describe('Messages that are published and not confirmed.'),
    maxInFlightBytes: byteSize(1)
      .prefault('4MiB')
      .describe('Bytes of messages that are published and not confirmed. Size.'),
    maxRecordBytes: byteSize(1)
      .prefault('16MiB')
      .describe(
        'A record above this is not even sent; the max_message_size of the broker is respected too. What is too large goes to the deadLetter exporter, or is dropped, counted and logged. Size.',
      ),
    heartbeat: duration(1000, 3_600_000)
      .prefault('10s')
      .describe('A connection that is silent for two of these is given up. Whole seconds. Duration.'),
    connectTimeout: duration(100)
      .prefault('10s')
      .describe('How long a node may take to answer a new connection. Duration.'),
    confirmTimeout: duration(100)
      .prefault('30s')
      .describe(
        'Without a confirmation for this long, health says so. It is waited for as long as the connection lives. Duration.',
      ),
  })
  .refine(({ password, user }) => password === undefined || user !== undefined, {
    path: ['password'],
    error: 'a password without a user',
  })
  .refine(({ tls, urls }) => tls === undefined || urls.every((url) => url.startsWith('amqps:')), {
    path: ['tls'],
    error: 'wants amqps:// in urls',
  })
  .refine(({ user, urls }) => user === undefined || !urls.some((url) => url.includes('@')), {
    path: ['user'],
    error: 'addresses in urls hold credentials already',
  });

export type RabbitmqConfig = z.output<typeof rabbitmqConfig>;

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^amqps?:$/.test(url.protocol) && url.hostname !== '' && url.search === '' && url.hash === '';
}
