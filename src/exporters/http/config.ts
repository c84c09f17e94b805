import { z } from 'zod';
import { OPERATIONS } from '../../model/record.ts';
import { filterOptions, watchProxyOptions } from '../filter-options.ts';
import { byteSize, duration, exporterOptions } from '../options.ts';

/** What the exporter sets itself; Authorization is set by `basic` and `bearerToken`. */
const OWN_HEADERS = [
  'host',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'expect',
  'te',
  'trailer',
];
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

const headers = z
  .record(
    z
      .string()
      .regex(HEADER_NAME, 'not the name of a header')
      .refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), {
        error: 'this header is set by the exporter itself; leave it out',
      }),
    z.string().regex(HEADER_VALUE, 'a value of a header is of printable ASCII characters'),
  )
  .default({})
  .describe(
    'Headers that are sent with each request. Their values are never shown; write secrets as ${NAME}. A Content-Type replaces the one of the format.',
  );

const url = z
  .string()
  .refine((text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''), {
    error: 'not a URL of http or https; write it like https://host/path',
  })
  .describe('Where batches are posted to. A user and password in it are used as `basic`; only its host is ever shown.');

const watchProxy = z
  .strictObject({
    ...watchProxyOptions,
    meta: z
      .record(z.string(), z.unknown())
      .nullable()
      .default(null)
      .describe('What stands as meta in each body; its keys are sorted.'),
    body: z
      .enum(['http', 'vro'])
      .default('http')
      .describe('The body of its endpoints of type http, or that of vRealize Orchestrator around it.'),
  })
  .prefault({})
  .describe('With encoding watch-proxy.');

const secretText = z.string().min(1);

export const httpConfig = z
  .strictObject({
    ...exporterOptions,
    type: z.literal('http'),
    url,
    encoding: z
      .enum(['json', 'cloudevents', 'watch-proxy'])
      .default('json')
      .describe('How a record is written; watch-proxy: as the program of that name does.'),
    format: z
      .enum(['array', 'ndjson', 'single'])
      .default('array')
      .describe(
        'How records stand in a body, unless it is that of watch-proxy: array: one JSON array; ndjson: one record a line; single: one record a request, without anything around it.',
      ),
    batch: z
      .strictObject({
        records: z.int().min(1).max(100_000).default(500).describe('Records in a request, at most.'),
        bytes: byteSize(1)
          .prefault('1MiB')
          .describe('Bytes of records in a request, at most, before compression. Size. See `oversize`.'),
        interval: duration(0)
          .prefault('500ms')
          .describe('How long a record waits at most for others to share its request. Duration.'),
      })
      .prefault({})
      .describe('When a request is made: as soon as one of these is reached.'),
    oversize: z
      .enum(['send', 'reject'])
      .default('send')
      .describe(
        'What becomes of one record above batch.bytes: send: a request of its own, and what the server refuses with 413 is rejected; reject: it goes to the deadLetter exporter, or is dropped, counted and logged.',
      ),
    compression: z.enum(['none', 'gzip']).default('none').describe('Compression of bodies (Content-Encoding).'),
    headers,
    basic: z
      .strictObject({
        user: z.string().describe('User name; where it is empty, nothing is sent.'),
        password: z.string().optional().describe('Password; write it as ${NAME}.'),
        passwordFile: z
          .string()
          .min(1)
          .optional()
          .describe('File with the password, less a line break at its end; it is read again for each request.'),
      })
      .refine(({ password, passwordFile }) => (password === undefined) !== (passwordFile === undefined), {
        path: ['password'],
        error: 'one of password and passwordFile has to be set',
      })
      .optional()
      .describe('Basic authentication.'),
    bearerToken: secretText
      .regex(/^[\x21-\x7e]+$/, 'a token is of printable ASCII characters')
      .optional()
      .describe('Token that is sent as Authorization: Bearer; write it as ${NAME}.'),
    bearerTokenFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the token; it is read again for each request, so that a renewed one is used.'),
    hmac: z
      .strictObject({
        secret: secretText.describe('Key of the signature; write it as ${NAME}.'),
        header: z
          .string()
          .regex(HEADER_NAME, 'not the name of a header')
          .default('Watershard-Signature')
          .describe('Header that carries the signature.'),
        algorithm: z.enum(['sha256', 'sha512']).default('sha256').describe('Hash function of the HMAC.'),
      })
      .optional()
      .describe(
        'Sign each request: the header is t=<Unix seconds>,v1=<hex>, an HMAC of the seconds, a dot, and the bytes of the body as they are sent (after compression).',
      ),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
        cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
        key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
      })
      .optional()
      .describe(
        'TLS of https; the files are read again after a failed request. By default the authorities of Node.js.',
      ),
    requestTimeout: duration(100)
      .prefault('30s')
      .describe('Without a whole answer for this long a request is given up and made again. Duration.'),
    watchProxy,
    ...filterOptions,
    operations: z
      .array(z.enum(OPERATIONS))
      .default([])
      .describe(
        'Only records of these operations. By default of all; in a list of your own name GAP too, to be told of gaps.',
      ),
  })
  .refine(
    ({ basic, bearerToken, bearerTokenFile, url }) => {
      const userinfo = URL.parse(url)?.username === '' ? undefined : true;
      return [basic, bearerToken, bearerTokenFile, userinfo].filter((c) => c !== undefined).length <= 1;
    },
    {
      path: ['bearerToken'],
      error: 'only one of basic, bearerToken, bearerTokenFile and a user in the url may be set',
    },
  )
  .refine(({ tls }) => (tls?.cert === undefined) === (tls?.key === undefined), {
    path: ['tls', 'key'],
    error: 'cert and key go together',
  });

export type HttpConfig = z.output<typeof httpConfig>;
