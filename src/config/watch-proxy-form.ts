import { z } from 'zod';
import { WatershardError } from '../model/errors.ts';
import { problemsOf } from './issues.ts';
import type { JsonSchema } from './json-schema.ts';
import { problemText } from './problem.ts';
import type { Source } from './source.ts';

/** Go's YAML reader takes any scalar for text, and nothing for the empty value. */
const text = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .default('')
  .transform((value) => (value === null ? '' : String(value)));
const number = z
  .int()
  .nullable()
  .default(0)
  .transform((value) => value ?? 0);
const texts = z
  .array(z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .nullable()
  .default([])
  .transform((value) => value ?? []);

function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullable()
    .default([])
    .transform((value) => value ?? []);
}

const port = z
  .object({ port: text, path: text })
  .nullable()
  .default(null)
  .transform((value) => value ?? { port: '', path: '' });

const endpoint = z.object({
  type: z.enum(['http', 'vro', 'sqs']),
  url: text,
  region: text,
  usernameVar: text,
  passwordVar: text,
  namespaces: texts,
  resourceTypes: texts,
});

/** The file of watch-proxy, also known as Quartermaster. As there, keys that are not known are passed over. */
const form = z.object({
  clusterName: text,
  deltaUpdates: z
    .boolean()
    .nullable()
    .default(false)
    .transform((value) => value ?? false),
  delayAddEventDuration: text,
  emitCacheDuration: text,
  emitBatchMaxObjects: number,
  emitInterval: number,
  forceReuploadDuration: text,
  prometheusMetrics: port,
  httpLiveness: port,
  remoteEndpoints: list(endpoint),
  metadata: z.record(z.string(), z.unknown()).nullable().default(null),
  resources: list(z.object({ name: text, assetId: text, pruneFields: texts, filterEvents: texts })),
  ignoreNamespaces: texts,
});

export type WatchProxyFile = z.output<typeof form>;

/** @throws WatershardError CONFIG_INVALID with every problem, a line each */
export function readWatchProxyForm({ data, line }: Source, file: string): WatchProxyFile {
  const parsed = form.safeParse(data);
  if (parsed.success) return parsed.data;
  const schema = z.toJSONSchema(form, { io: 'input' }) as JsonSchema;
  const problems = problemsOf(parsed.error.issues, schema, data).map((p) => problemText({ ...p, line: line(p.path) }));
  throw new WatershardError(
    'CONFIG_INVALID',
    `the watch-proxy configuration ${file} has ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  );
}
