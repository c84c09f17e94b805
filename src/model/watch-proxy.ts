import type { Operation } from './record.ts';

/** What the encoding `watch-proxy` needs to know; plain data. */
export interface WatchProxyForm {
  /** In front of every uniqueId; the name of the cluster where it is absent. */
  readonly clusterName?: string;
  /** `asset_type_id` by resource, named `services` or `deployments.apps` or `deployments`; '' where there is none. */
  readonly assetIds: Readonly<Record<string, string>>;
  /** Leave `apiVersion` and `kind` in the object, which watch-proxy does not have. */
  readonly keepKind: boolean;
  /** Only the object, as in its messages on SQS, which say the rest in attributes or not at all. */
  readonly objectOnly?: boolean;
}

export const WATCH_PROXY_EVENTS = ['add', 'update', 'delete'] as const;
export type WatchProxyEvent = (typeof WATCH_PROXY_EVENTS)[number];

/** The event word of a record; undefined for a gap, which watch-proxy has no word for. */
export function watchProxyEvent(operation: Operation): WatchProxyEvent | undefined {
  switch (operation) {
    case 'SNAPSHOT':
    case 'CREATED':
      return 'add';
    case 'UPDATED':
      return 'update';
    case 'DELETED':
      return 'delete';
    case 'GAP':
      return undefined;
  }
}

/** What settings by resource say: that of `deployments.apps` before that of `deployments`. */
export function byResource<T>(
  settings: Readonly<Record<string, T>>,
  { group, resource }: { readonly group: string; readonly resource: string },
): T | undefined {
  const full = group === '' ? resource : `${resource}.${group}`;
  if (Object.hasOwn(settings, full)) return settings[full];
  return Object.hasOwn(settings, resource) ? settings[resource] : undefined;
}
