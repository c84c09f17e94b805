import type { Derived } from './check-derived.ts';
import type { ApiObject } from './replica.ts';

/** Rules that read values, each with what they make of an object, for the check of the output. */
interface FieldRules {
  readonly rules: readonly Record<string, unknown>[];
  readonly derived: Derived;
}

interface Pod {
  readonly status: { readonly phase: string };
  readonly spec: { readonly nodeName?: string };
}

interface KubernetesEvent {
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly count: number;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly namespace: string };
  readonly source: { readonly component: string };
}

const EXTRACT = { phase: 'object.status.phase', node: "object.spec.?nodeName.orValue('')" };

function podFields(object: ApiObject): Record<string, string> {
  const { status, spec } = object as unknown as Pod;
  return { phase: status.phase, node: spec.nodeName ?? '' };
}

function eventFields(object: ApiObject): Record<string, string | number> {
  const { reason, type, message, count, involvedObject, source } = object as unknown as KubernetesEvent;
  return {
    reason,
    type,
    message,
    count,
    involvedKind: involvedObject.kind,
    involvedName: involvedObject.name,
    involvedNamespace: involvedObject.namespace,
    component: source.component,
  };
}

export const FIELDS: FieldRules = {
  rules: [{ resources: ['pods'], extract: EXTRACT }],
  derived: { fields: podFields },
};

export const FIELDS_AND_PATCH: FieldRules = {
  rules: [{ resources: ['pods'], extract: EXTRACT, diff: 'merge-patch' }],
  derived: { fields: podFields, patched: true },
};

export const PATCH: FieldRules = {
  rules: [{ resources: ['pods'], diff: 'merge-patch' }],
  derived: { patched: true },
};

export const EVENT_FIELDS: FieldRules = {
  rules: [
    {
      resources: ['events'],
      extract: {
        reason: 'object.reason',
        type: 'object.type',
        message: 'object.message',
        count: 'object.count',
        involvedKind: 'object.involvedObject.kind',
        involvedName: 'object.involvedObject.name',
        involvedNamespace: 'object.involvedObject.namespace',
        component: 'object.source.component',
      },
    },
  ],
  derived: { fields: eventFields },
};
