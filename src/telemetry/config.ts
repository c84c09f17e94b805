import { z } from 'zod';
import { LONGEST_TIMER, parseDuration } from '../model/units.ts';
import { LOG_COMPONENTS, LOG_LEVELS } from './log-options.ts';

const level = z.enum(LOG_LEVELS);

export const logConfig = z
  .strictObject({
    level: level
      .default('info')
      .describe('Least severe level that is logged. Normal operation logs start, ready and stop at info.'),
    levels: z
      .partialRecord(z.enum(LOG_COMPONENTS), level)
      .default({})
      .describe(
        `Levels of single components, like {watch: debug}: ${LOG_COMPONENTS.join(', ')}. The lines of a component name it.`,
      ),
  })
  .describe('The log, on the standard error: text on a terminal, else a JSON object a line.');

const interval = z.string().transform((text, context) => {
  const parsed = parseDuration(text);
  if (parsed !== undefined && parsed >= 1000 && parsed <= LONGEST_TIMER) return parsed;
  context.addIssue({
    code: 'custom',
    message: 'not a duration of at least 1s and at most 24 days; write it like 30s or 1m',
  });
  return z.NEVER;
});

/** Without credentials, which would stand in messages of the SDK; the message must not repeat the value, which may have them. */
const endpoint = z.string().refine(
  (text) => {
    const url = URL.parse(text);
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
    return [url.search, url.hash, url.username, url.password].every((part) => part === '');
  },
  { error: 'not the address of an OTLP receiver; write it like http://collector:4318, and credentials as headers' },
);

export const telemetryConfig = z
  .strictObject({
    otlp: z
      .strictObject({
        endpoint: endpoint.describe(
          'Base address of a receiver of OTLP over HTTP (protobuf); /v1/metrics and /v1/traces are added.',
        ),
        metrics: z.boolean().default(true).describe('Send every metric, under the names of /metrics.'),
        traces: z
          .boolean()
          .default(true)
          .describe('Send spans of batches, from the read to the last acknowledgement of a required exporter.'),
        interval: interval.prefault('30s').describe('Time between two sends of the metrics. Duration.'),
        ratio: z.number().min(0).max(1).default(0.01).describe('Part of the batches that is traced.'),
        headers: z
          .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'not the name of a header'), z.string())
          .default({})
          .describe('Headers of every request, like an authorization.'),
      })
      .optional()
      .describe(
        'OpenTelemetry, beside /metrics. Needs its packages, which are optional; without them the start says what to install.',
      ),
  })
  .describe('Where metrics and traces are sent to.');

export type OtlpConfig = NonNullable<z.output<typeof telemetryConfig>['otlp']>;
