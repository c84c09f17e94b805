import { z } from 'zod';
import { clusterId, duration, exporterOptions, operations, routingTemplate } from '../options.ts';

const TOPIC = /^(?:projects\/([^/{}\s]+)\/topics\/)?([\w.~+%-]+)$/;

const topic = routingTemplate
  .refine((text) => TOPIC.test(text.replace(/(\/topics\/.*|^[^/]*)$/, (own) => own.replace(/\{[^}]*\}/g, 'x'))), {
    error: 'must be a topic, or projects/PROJECT/topics/TOPIC; placeholders may stand in TOPIC',
  })
  .describe(
    'Topic, or projects/PROJECT/topics/TOPIC; a template, mostly without placeholders. What a topic may not have in it becomes an underscore; an empty value is one too.',
  );

const endpoint = z
  .string()
  .refine(
    (text) => {
      const url = URL.parse(text);
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && /^\/?$/.test(url.pathname);
    },
    { error: 'must be like https://us-east1-pubsub.googleapis.com, or http://127.0.0.1:8085 for an emulator' },
  )
  .optional()
  .meta({
    description:
      'Address of the service, https://host[:port]: a regional one, so that what is in order stays so, or one of your own. With http: an emulator, to which neither TLS nor credentials are used.',
    'x-default': 'http:// and PUBSUB_EMULATOR_HOST, where that is set; else https://pubsub.googleapis.com',
  });

const tls = z
  .strictObject({
    ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
    cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
    key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    path: ['key'],
    error: 'cert and key go together',
  });

export const pubsubConfig = z.strictObject({
  ...exporterOptions,
  type: z.literal('pubsub'),
  topic,
  project: z.string().min(1).optional().meta({
    description: 'Project of the topic, where the topic does not name it.',
    'x-default': 'that of the credentials, or GOOGLE_CLOUD_PROJECT',
  }),
  createTopic: z.boolean().default(false).describe('Create a topic that does not exist.'),
  encoding: z
    .enum(['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect'])
    .default('json')
    .describe(
      'How a record is written. cloudevents: one JSON document. kollect: an envelope of kollect, without attributes.',
    ),
  clusterId,
  operations,
  ordering: z
    .boolean()
    .default(true)
    .describe(
      'Give each message an ordering key, <cluster>/<uid> or as `key` says: subscriptions with message ordering get the records of an object in order. A request then has those of one object only. Without it no order is kept.',
    ),
  key: z
    .enum(['uid', 'object'])
    .default('uid')
    .describe(
      'The ordering key: <cluster>/<uid>, or <cluster>/<resource>/<namespace>/<name>, which stays where an object is made again under its name.',
    ),
  requests: z.int().min(1).max(1000).default(100).describe('Requests that are on their way at a time, at most.'),
  ackTimeout: duration(100)
    .prefault('10s')
    .describe('How long the service may take to store a request; it is sent again then. Duration.'),
  endpoint,
  keyFile: z.string().min(1).optional().meta({
    description:
      'File with the key of a service account, or with a configuration of workload identity federation, JSON.',
    'x-default':
      'Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, the one of gcloud, the metadata server',
  }),
  tls: tls.optional().describe('Own authorities and a client certificate. By default the authorities of Node.js.'),
});

export type PubsubConfig = z.output<typeof pubsubConfig>;

/** Project, where it is named, and topic. */
export function splitTopic(text: string): { readonly project?: string; readonly topic: string } {
  const [, project, topic] = /^projects\/([^/]+)\/topics\/(.*)$/.exec(text) ?? [];
  return topic === undefined ? { topic: text } : { ...(project === undefined ? {} : { project }), topic };
}
