import { z } from 'zod';
import { byteSize, clusterId, duration, exporterOptions, operations, routingTemplate } from '../options.ts';
import { parseConnectionString } from './access-options.ts';

const tls = z.strictObject({
  ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
  cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
  key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
});

const entity = z.string().min(1).max(260);

export const servicebusConfig = z
  .strictObject({
    ...exporterOptions,
    type: z.literal('servicebus'),
    connectionString: z
      .string()
      .superRefine((text, context) => {
        const fault = parseConnectionString(text);
        if (typeof fault === 'string') context.addIssue({ code: 'custom', message: fault });
      })
      .optional()
      .describe(
        'Connection string of a shared access policy that may send, as the Azure portal shows it; write it as ${NAME}. Or host, user and password.',
      ),
    host: z
      .string()
      .regex(/^[\w.:-]+$/, 'not the name of a host')
      .optional()
      .describe('Host: <namespace>.servicebus.windows.net, or that of another broker of AMQP 1.0.'),
    port: z.int().min(1).max(65_535).optional().meta({
      description: 'Port.',
      'x-default': '5671 with TLS, 5672 without',
    }),
    user: z.string().min(1).optional().describe('Name of a shared access policy, or user name (SASL PLAIN).'),
    password: z.string().min(1).optional().describe('Key of the policy, or password; write it as ${NAME}.'),
    tls: z.union([z.boolean(), tls]).optional().meta({
      description: 'TLS, with files of your own or with the authorities that Node.js knows; false for none.',
      'x-default': 'true',
    }),
    queue: entity.optional().describe('Queue to send to.'),
    topic: entity.optional().describe('Topic to send to, in the place of a queue.'),
    sessions: z
      .boolean()
      .default(false)
      .describe(
        'Give each message the session (group-id) of its object, <cluster>/<uid>, so that one receiver gets what concerns an object in order. For a queue, or subscriptions, that require sessions.',
      ),
    subject: routingTemplate
      .default('k8s.{cluster}.{group}.{resource}.{namespace}.{name}')
      .describe(
        'Template of the subject (label) of a message, for filters of subscriptions. Not with encoding kollect.',
      ),
    encoding: z
      .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
      .default('json')
      .describe(
        'How a record is written. cloudevents: one JSON document. kollect: an envelope of kollect, without properties.',
      ),
    clusterId,
    operations,
    maxInFlight: z.int().min(1).max(2048).default(1024).describe('Messages that are sent and not settled.'),
    maxInFlightBytes: byteSize(1).prefault('4MiB').describe('Bytes of messages that are sent and not settled. Size.'),
    maxMessageBytes: byteSize(1024)
      .prefault('100MiB')
      .describe(
        'A message above this is not even sent; what the broker says at its link is respected too (256KiB in the Standard tier). What is too large goes to the deadLetter exporter, or is dropped, counted and logged. Size.',
      ),
    connectTimeout: duration(100)
      .prefault('30s')
      .describe('How long the broker may take for connection, session and link. Duration.'),
    ackTimeout: duration(100)
      .prefault('60s')
      .describe(
        'Where the broker settles nothing for this long, the connection is given up and everything is sent again; where it gives no credit, it is waited for. Duration.',
      ),
    idleTimeout: duration(1000)
      .prefault('30s')
      .describe('A connection that is silent for two of these is given up. Duration.'),
  })
  .refine(({ queue, topic }) => (queue === undefined) !== (topic === undefined), {
    path: ['queue'],
    error: 'one of queue and topic must be given',
  })
  .refine(({ connectionString, host }) => (connectionString === undefined) !== (host === undefined), {
    path: ['host'],
    error: 'one of host and connectionString must be given',
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    error: 'user and password go together',
  })
  .refine(({ connectionString, user, port }) => connectionString === undefined || (user ?? port) === undefined, {
    path: ['connectionString'],
    error: 'says port, user and password by itself',
  });

export type ServicebusConfig = z.output<typeof servicebusConfig>;
