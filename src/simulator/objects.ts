import type { TemplateObject } from './template.ts';
import type { Variant } from './template-fields.ts';

/** Which of a resource's shapes an object has; the values of the variant are marks that are filled in later. */
export interface Shape extends Variant {
  readonly app: string;
  /** Kept by name: made again under the same name after a delete. */
  readonly stateful: boolean;
  /** Owns others: it is there as long as the cluster is, under one name. */
  readonly owning: boolean;
  readonly state: ObjectState;
}

export type ObjectState = 'new' | 'good' | 'bad';

export const APPS = ['web', 'api', 'worker', 'ledger', 'cache', 'ingest', 'billing', 'search'] as const;
export type App = (typeof APPS)[number];
/** Apps whose objects keep their names. */
export const STATEFUL: ReadonlySet<App> = new Set(['ledger', 'cache']);

export const DAY = '2026-01-05T';
export const BORN = `${DAY}@{born}Z`;
export const CHANGED = `${DAY}@{changed}Z`;
const MANAGED = `${DAY}@{managed}Z`;

export function objectName(s: Shape): string {
  return s.stateful ? `${s.app}-@{ordinal}` : `${s.app}-${s.podHash}-@{suffix}`;
}

export function labels(s: Shape): Record<string, string> {
  return {
    'app.kubernetes.io/instance': `${s.app}-${s.namespace}`,
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/name': s.app,
    tier: s.stateful ? 'data' : 'front',
  };
}

type Fields = Readonly<Record<string, unknown>>;

export function managedFields(
  apiVersion: string,
  ...entries: readonly { manager: string; fields: Fields; subresource?: string }[]
): unknown[] {
  return entries.map((e) => ({
    manager: e.manager,
    operation: 'Update',
    apiVersion,
    time: MANAGED,
    fieldsType: 'FieldsV1',
    fieldsV1: e.fields,
    ...(e.subresource === undefined ? {} : { subresource: e.subresource }),
  }));
}

/** The fieldsV1 tree of these leaf paths: `f:metadata.f:labels`. */
export function fieldTree(...paths: readonly string[]): Fields {
  const tree: Record<string, unknown> = {};
  for (const path of paths) {
    let node = tree;
    for (const part of path.split(' ')) {
      node[part] ??= {};
      node = node[part] as Record<string, unknown>;
    }
  }
  return tree;
}

interface MetadataOptions {
  readonly name?: string;
  readonly uid?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly generation?: boolean;
  readonly owner?: { apiVersion: string; kind: string; name: string; uid: string };
  readonly managed?: unknown[];
}

/** metadata of a namespaced object, in the order in which the API server writes it. */
export function metadata(s: Shape, o: MetadataOptions = {}): TemplateObject['metadata'] & Fields {
  return {
    name: o.name ?? objectName(s),
    ...(s.namespace === '' ? {} : { namespace: s.namespace }),
    uid: o.uid ?? '@{uid}',
    resourceVersion: '@{rv}',
    ...(o.generation === true ? { generation: '@#{count}' } : {}),
    creationTimestamp: BORN,
    labels: o.labels ?? labels(s),
    annotations: { 'example.com/heartbeat': '@{beat}', ...o.annotations },
    ...(o.owner === undefined ? {} : { ownerReferences: [{ ...o.owner, controller: true, blockOwnerDeletion: true }] }),
    ...(o.managed === undefined ? {} : { managedFields: o.managed }),
  };
}
