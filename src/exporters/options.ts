import { z } from 'zod';
import { OPERATIONS } from '../model/record.ts';
import { LONGEST_TIMER, parseBytes, parseDuration } from '../model/units.ts';

const DAY = 86_400_000;

/** A size like `64MiB`; the value is in bytes. */
export function byteSize(least = 0): z.ZodType<number, string | number> {
  return z.union([z.string(), z.number()]).transform((value, context) => {
    const parsed = parseBytes(String(value));
    if (parsed !== undefined && parsed >= least) return parsed;
    context.addIssue({
      code: 'custom',
      message: `not a size of at least ${least} bytes; write it like 64MiB or 100MB`,
    });
    return z.NEVER;
  });
}

/** A duration like `10s`; the value is in milliseconds. @param most what a timer can wait, where it is for one */
export function duration(least = 0, most = LONGEST_TIMER): z.ZodType<number, string> {
  return z.string().transform((value, context) => {
    const parsed = parseDuration(value);
    if (parsed !== undefined && parsed >= least && parsed <= most) return parsed;
    context.addIssue({
      code: 'custom',
      message: `not a duration of at least ${least}ms and at most ${Math.floor(most / DAY)} days; write it like 500ms, 10s or 1h30m`,
    });
    return z.NEVER;
  });
}

const BUFFER_BYTES = { memory: 64 * 2 ** 20, disk: 2 ** 30 };

const exporterName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be of lower-case letters, digits and dashes, 63 at most');

/** The settings that every sink has, to be spread into its own schema. What concerns more than one exporter is checked by src/config. */
export const exporterOptions = {
  name: exporterName.describe('Unique name of this exporter: in metrics, logs, the state, and for deadLetter.'),
  required: z
    .boolean()
    .default(true)
    .describe(
      'A required exporter holds the stream back until it has stored a record. One that is not gets a buffer of its own, and loses by its policy.',
    ),
  buffer: z
    .strictObject({
      type: z
        .enum(['memory', 'disk'])
        .default('memory')
        .describe(
          'Where records wait: in memory, or in files under dataDir, which a restart does not lose. With disk a few MiB are in memory too.',
        ),
      bytes: byteSize(2 ** 20)
        .optional()
        .meta({
          description: 'Bytes of records that wait for this exporter, at most. Size.',
          'x-default': '64MiB in memory, 1GiB on disk',
        }),
      overflow: z
        .enum(['drop-newest', 'drop-oldest'])
        .default('drop-newest')
        .describe('What is dropped, and counted, when the buffer is full.'),
    })
    .transform(({ type, bytes, overflow }) => ({ type, bytes: bytes ?? BUFFER_BYTES[type], overflow }))
    .prefault({})
    .describe('The buffer of an exporter that is not required.'),
  deadLetter: exporterName
    .optional()
    .describe(
      'Name of the exporter that gets the records which this one cannot take; it gets dead letters and nothing else. Without it they are dropped, counted and logged.',
    ),
} as const;

const PLACEHOLDERS = ['cluster', 'group', 'resource', 'namespace', 'name', 'kind', 'operation'];

/** Template of a routing key (a subject, a topic); the exporter says what else it must be. */
export const routingTemplate = z
  .string()
  .min(1)
  .refine((text) => [...text.matchAll(/\{([^}]*)\}/g)].every(([, name]) => PLACEHOLDERS.includes(name ?? '')), {
    error: `may hold only ${PLACEHOLDERS.map((p) => `{${p}}`).join(' ')}`,
  })
  .refine((text) => !/[\s*>]/.test(text), { error: 'must be without white space, * and >' });

export const operations = z
  .array(z.enum(OPERATIONS))
  .min(1)
  .default([...OPERATIONS])
  .describe('The operations that are sent; without SNAPSHOT, what was there before the first start is not.');

export const clusterId = z.string().optional().meta({
  description: 'With encoding kollect: the cluster as its events and keys name it; may be empty.',
  'x-default': 'the name of the cluster',
});
