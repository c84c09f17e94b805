import { z } from 'zod';
import { LONGEST_TIMER, parseDuration } from '../model/units.ts';

const duration = z.string().transform((value, context) => {
  const parsed = parseDuration(value);
  if (parsed !== undefined && parsed >= 1000 && parsed <= LONGEST_TIMER) return parsed;
  context.addIssue({
    code: 'custom',
    message: 'not a duration of at least 1s and at most 24 days; write it like 10s or 1m',
  });
  return z.NEVER;
});

/** The message must not repeat the value: a URL may hold a password. */
const redisUrl = z.string().refine(
  (value) => {
    const url = URL.parse(value);
    return url !== null && (url.protocol === 'redis:' || url.protocol === 'rediss:') && url.hostname !== '';
  },
  { message: 'not an address of Redis; write it like redis://host:6379/0, or rediss:// for TLS' },
);

export const stateConfig = z
  .strictObject({
    url: redisUrl
      .optional()
      .describe(
        'Redis that holds positions and known objects: redis://[user:password@]host:port/database, rediss:// with TLS. Default: a file in dataDir.',
      ),
    tls: z
      .strictObject({
        ca: z.string().min(1).optional().describe('File with the certificates of the authorities, PEM.'),
        cert: z.string().min(1).optional().describe('File with the client certificate, PEM.'),
        key: z.string().min(1).optional().describe('File with the key of the client certificate, PEM.'),
      })
      .optional()
      .describe('For rediss:// with an authority of its own, or with client certificates.'),
    lease: z
      .strictObject({
        ttl: duration
          .prefault('10s')
          .describe(
            'How long Redis keeps the state for an instance that has gone silent, before another may take it. Duration.',
          ),
      })
      .prefault({})
      .describe('The lease that keeps two instances from writing to one state.'),
  })
  .refine(({ url, tls }) => tls === undefined || url?.startsWith('rediss:') === true, {
    path: ['tls'],
    error: 'is for an url that begins with rediss://',
  })
  .describe('Where positions and known objects survive a restart.');

export type StateConfig = z.output<typeof stateConfig>;
