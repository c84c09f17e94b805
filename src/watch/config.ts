import { z } from 'zod';
import { LONGEST_TIMER, parseDuration } from '../model/units.ts';
import { SHARD_KEYS } from '../model/watch-shard.ts';

/** A duration of at least `least` milliseconds that a timer can wait. */
function duration(least: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const milliseconds = parseDuration(text);
    if (milliseconds !== undefined && milliseconds >= least && milliseconds <= LONGEST_TIMER) return milliseconds;
    const message = `not a duration of at least ${least}ms and at most 24 days; write it like 3s or 1m30s`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

const names = z.array(
  z
    .string()
    .max(317) // a resource of 63 characters, a dot, a group of 253
    .regex(
      /^(\*|[A-Za-z0-9-]+)(\.[A-Za-z0-9-]+)*$/,
      'not the name of a resource; write it like pods, deployments.apps, *.apps or *',
    ),
);
const namespaces = z.array(
  z
    .string()
    .regex(
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
      'not the name of a namespace; that has lower-case letters, digits and dashes, 63 at most',
    ),
);

export const watchConfig = z
  .strictObject({
    resources: names
      .min(1)
      .default(['*'])
      .describe(
        'What is watched: `pods`, `deployments.apps` (also by kind, singular or short name where that is unambiguous), `*.apps` for a group, `*` for everything that can be listed and watched. `*` leaves out events.events.k8s.io while the core events are watched, since they are the same objects.',
      ),
    exclude: names
      .default(['leases.coordination.k8s.io'])
      .describe(
        'What is not watched, in the same words. By default leases: each node and each leader renews one every few seconds, and they say nothing else. A list of your own replaces the default.',
      ),
    namespaces: z
      .strictObject({
        include: namespaces
          .default([])
          .describe(
            'Only these namespaces, with a stream for each. Resources outside of namespaces are watched all the same.',
          ),
        clusterScoped: z
          .boolean()
          .default(true)
          .describe('Watch resources outside of namespaces too; false for none of them, namespaces included.'),
        exclude: namespaces.default([]).describe('Not these namespaces; the server leaves them out.'),
      })
      .prefault({})
      .describe('Which namespaces are watched. By default all, with one stream a resource.'),
    labelSelector: z
      .string()
      .min(1)
      .optional()
      .describe('Only objects with these labels, as in kubectl -l. For all resources.'),
    fieldSelector: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Only objects with these fields, as in kubectl --field-selector. For all resources, so only metadata.name and metadata.namespace are of use.',
      ),
    shard: z
      .strictObject({
        index: z
          .int()
          .min(0)
          .describe(
            'Which share this instance has, from 0 on: for a StatefulSet the ordinal of the pod, by `${NAME}`.',
          ),
        count: z.int().min(1).max(4096).describe('How many shares there are; the same for all instances.'),
        key: z
          .enum(SHARD_KEYS)
          .default('uid')
          .describe(
            'What decides: `uid` divides evenly; `namespace` keeps each namespace, and with it each name, with one instance.',
          ),
      })
      .refine(({ index, count }) => index < count, { path: ['index'], error: 'must be below count' })
      .optional()
      .describe(
        'Only one share of the objects, so that several instances divide the work: docs/operations/sharding.md. The API server sends no more than that where it can (`shardSelector`, alpha in Kubernetes 1.36); else the rest is left out here.',
      ),
    metadataOnly: z
      .union([z.boolean(), names])
      .default(false)
      .describe(
        'Ask the server for metadata alone: true for all resources, or a list of resources, in the words of `resources`.',
      ),
    discoveryInterval: duration(500)
      .prefault('3s')
      .describe(
        'How often the server is asked which resources it serves, so that a new CustomResourceDefinition is watched soon. Duration.',
      ),
    stallTimeout: duration(1000)
      .prefault('75s')
      .describe(
        'A watch that is silent for longer is taken for dead and opened again; a healthy one is silent for about a minute at most. Duration.',
      ),
    pageSize: z.int().min(1).max(100_000).default(500).describe('Objects a page where a list has to be read in pages.'),
    concurrentLists: z
      .int()
      .min(1)
      .max(1000)
      .default(8)
      .describe('Lists that may run at the same time, over all streams.'),
  })
  .describe('What is watched, and how.');

export type WatchConfig = z.output<typeof watchConfig>;
