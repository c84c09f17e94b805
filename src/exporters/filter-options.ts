import { z } from 'zod';
import { WATCH_PROXY_EVENTS } from '../model/watch-proxy.ts';

const namespaces = z
  .strictObject({
    include: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Only records of these namespaces, and of the Namespace objects of these names. Other objects outside of namespaces are left out then.',
      ),
    exclude: z
      .array(z.string().min(1))
      .default([])
      .describe('No records of these namespaces, nor of their Namespace objects.'),
  })
  .prefault({})
  .describe('Of which namespaces records are sent; by exact name. By default of all.');

/** Which records an exporter gets, to be spread into its schema. */
export const filterOptions = {
  namespaces,
  resources: z
    .array(z.string().min(1))
    .default([])
    .describe('Only records of these resources: `pods`, `deployments.apps`, `*.apps` for a group. By default of all.'),
} as const;

/** What the encoding watch-proxy asks for, to be spread into the schema of `watchProxy`. */
export const watchProxyOptions = {
  clusterName: z
    .string()
    .optional()
    .meta({ description: 'In front of each uniqueId.', 'x-default': 'the name of the cluster' }),
  assetIds: z
    .record(z.string(), z.string())
    .default({})
    .describe('The asset_type_id by resource, which is named like services or deployments.apps.'),
  keepKind: z
    .boolean()
    .default(false)
    .describe('Leave apiVersion and kind in the objects, which watch-proxy does not have there.'),
  filterEvents: z
    .record(z.string(), z.array(z.enum(WATCH_PROXY_EVENTS)))
    .default({})
    .describe('Events that are not sent, by resource: add, update, delete.'),
} as const;
