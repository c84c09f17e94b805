import { z } from 'zod';
import { exporterConfig } from '../exporters/registry.ts';
import { LONGEST_TIMER, parseDuration } from '../model/units.ts';
import { opsConfig } from '../ops/config.ts';
import { flowConfig, workersConfig } from '../shard/config.ts';
import { stateConfig } from '../state/config.ts';
import { logConfig, telemetryConfig } from '../telemetry/config.ts';
import { rulesConfig } from '../transform/config.ts';
import { watchConfig } from '../watch/config.ts';
import type { JsonSchema } from './json-schema.ts';

const duration = z.string().transform((text, context) => {
  const parsed = parseDuration(text);
  if (parsed !== undefined && parsed <= LONGEST_TIMER) return parsed;
  context.addIssue({ code: 'custom', message: 'not a duration of at most 24 days; write it like 500ms, 10s or 1h30m' });
  return z.NEVER;
});

const clusterConfig = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
        'must be 1 to 63 letters, digits, dots, dashes and underscores; write a short name like prod-eu',
      )
      .describe(
        'Name of the cluster: in each record, in subjects, in partitions of files, and of the state. To change it is to begin anew.',
      ),
  })
  .describe('The cluster that is watched.');

/** The whole configuration. Every object refuses keys that it does not know. */
export const configSchema = z.strictObject({
  cluster: clusterConfig,
  kubeconfig: z.string().min(1).optional().meta({
    description:
      'Path of the kubeconfig, from the current directory. By default KUBECONFIG, then ~/.kube/config, then the service account of the pod.',
    'x-default': 'as kubectl finds it',
  }),
  watch: watchConfig.prefault({}),
  rules: rulesConfig.prefault([]),
  workers: workersConfig,
  flow: flowConfig.prefault({}),
  state: stateConfig.prefault({}),
  dataDir: z
    .string()
    .min(1)
    .default('./watershard-data')
    .describe(
      'Folder for the embedded state and for buffers on disk, made where it is missing. Path from the current directory.',
    ),
  exporters: z.array(exporterConfig).min(1).describe('The sinks that records go to.'),
  ops: opsConfig.prefault({}),
  log: logConfig.prefault({}),
  telemetry: telemetryConfig.prefault({}),
  drain: z
    .strictObject({
      timeout: duration
        .prefault('25s')
        .describe(
          'Time for delivering what is in flight after SIGTERM. Keep it below the grace period of the pod (30s by default). Duration.',
        ),
    })
    .prefault({})
    .describe('The end of a run.'),
  reload: z
    .strictObject({
      timeout: duration
        .prefault('1m')
        .describe(
          'Time that a changed configuration may wait for a sink or an API server that it has changed; then the former one goes on. Duration.',
        ),
    })
    .prefault({})
    .describe('How a change of this file is applied while the program runs.'),
});

/** A configuration as the program uses it: defaults filled in, durations in milliseconds, sizes in bytes. */
export type Config = z.output<typeof configSchema>;

/** JSON Schema (draft 2020-12) of the configuration file, with descriptions and defaults. */
export function jsonSchema(): JsonSchema & { readonly $schema?: string } {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema: part }) => {
      // a default that depends on the machine is told in words
      if ('x-default' in part) delete part.default;
      if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    },
  });
  return { ...schema, title: 'Watershard configuration' } as JsonSchema & { readonly $schema?: string };
}
