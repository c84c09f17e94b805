import { z } from 'zod';
import { natsChecks, natsCredentials, natsServers } from '../nats-options.ts';
import { byteSize, duration, exporterOptions } from '../options.ts';

/** A hundred years; the server counts nanoseconds in 64 bits, which are 292 years. */
const LONGEST = 36_500 * 86_400_000;
const PLACEHOLDERS = ['cluster', 'group', 'resource', 'namespace', 'name', 'kind', 'operation'];

const subject = z
  .string()
  .refine((text) => [...text.matchAll(/\{([^}]*)\}/g)].every(([, name]) => PLACEHOLDERS.includes(name ?? '')), {
    error: `may hold only ${PLACEHOLDERS.map((p) => `{${p}}`).join(' ')}`,
  })
  .refine((text) => text.split('.').every((token) => token !== '' && !/[\s*>]/.test(token)) && !text.startsWith('$'), {
    error: 'must be tokens between dots, without white space, * and >, and must not begin with $',
  });

const newStream = z.strictObject({
  subjects: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Subjects of the stream. By default what the subject template can produce.'),
  storage: z.enum(['file', 'memory']).default('file').describe('Where the server keeps the stream.'),
  replicas: z.int().min(1).max(5).default(1).describe('Servers that hold a copy.'),
  maxBytes: byteSize()
    .optional()
    .describe('Bytes that the stream may hold; the oldest messages go. Size, default: no limit.'),
  maxAge: duration(0, LONGEST).optional().describe('Age at which a message goes. Duration, default: no limit.'),
  duplicateWindow: duration(100, LONGEST)
    .prefault('2m')
    .describe('How long the server remembers ids to suppress duplicates. Duration.'),
});

export const jetstreamConfig = z
  .strictObject({
    ...exporterOptions,
    type: z.literal('jetstream'),
    servers: natsServers,
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]+$/, 'a stream name has no white space, dot, *, > or slash')
      .describe('The JetStream stream that has to store the records.'),
    createStream: z
      .union([z.boolean(), newStream])
      .default(false)
      .transform((value) => (value === true ? newStream.parse({}) : value))
      .describe('Create the stream if it does not exist: true, or its settings. An existing stream is never changed.'),
    subject: subject
      .default('k8s.{cluster}.{group}.{resource}.{namespace}.{name}')
      .describe('Template of the subject. In each value %, ., *, > and white space are percent-encoded.'),
    encoding: z
      .enum(['json', 'msgpack', 'protobuf', 'cloudevents'])
      .default('json')
      .describe('How a record is written.'),
    cloudEventsMode: z
      .enum(['structured', 'binary'])
      .default('structured')
      .describe(
        'With encoding cloudevents: one JSON document, or the record as the message and the attributes as ce- headers.',
      ),
    maxInFlight: z
      .int()
      .min(1)
      .max(65_536)
      .default(1024)
      .describe('Messages that wait for their acknowledgement at the same time.'),
    maxInFlightBytes: byteSize(1)
      .prefault('16MiB')
      .describe('Bytes of messages that wait for their acknowledgement at the same time. Size.'),
    ackTimeout: duration(100)
      .prefault('10s')
      .describe('Without an acknowledgement for this long a message is sent again. Duration.'),
    oversize: z
      .enum(['reject', 'claim-check'])
      .default('reject')
      .describe(
        'What becomes of a record above the max_payload of the server: reject: it goes to the deadLetter exporter, or is dropped, counted and logged; claim-check: it is put into an object store of JetStream, and a small message says where.',
      ),
    claimCheck: z
      .strictObject({
        bucket: z
          .string()
          .regex(/^[-\w]+$/, 'must be of letters, digits, dashes and underscores')
          .default('watershard-claims')
          .describe('The object store for records that are too large.'),
        create: z
          .boolean()
          .default(false)
          .describe(
            'Create the object store if it does not exist, with the storage, replicas and maxAge of createStream. An existing one is never changed.',
          ),
      })
      .prefault({})
      .describe('With oversize claim-check: where the records go.'),
    minDuplicateWindow: duration(0, LONGEST)
      .prefault('1m')
      .describe(
        'Warn when the duplicate_window of the stream is shorter: a replay after a crash could then store records twice. Duration.',
      ),
    inboxPrefix: z
      .string()
      .regex(/^[^\s*>.]+(\.[^\s*>.]+)*$/, 'must be tokens between dots')
      .default('_INBOX')
      .describe('Prefix of the subjects on which the server answers, for users who may not subscribe to _INBOX.>.'),
    ...natsCredentials,
  })
  .refine(natsChecks.complete, natsChecks.incomplete)
  .refine(natsChecks.single, natsChecks.several);

export type JetStreamConfig = z.output<typeof jetstreamConfig>;
export type NewStream = z.output<typeof newStream>;
