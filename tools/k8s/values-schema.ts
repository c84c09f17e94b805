import type { JsonSchema } from '../../src/config/json-schema.ts';
import { jsonSchema } from '../../src/config/schema.ts';

type Json = { [key: string]: unknown };

const text = { type: 'string' };
const flag = { type: 'boolean' };
const map = { type: 'object' };
const list = { type: 'array', items: map };
const labels = { type: 'object', additionalProperties: text };
const whole = (minimum: number, maximum?: number): Json => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
const resource = { type: 'string', pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)*$' };
const strict = (properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {}),
});

/** Keys of the configuration that the chart sets itself. */
const SET_BY_CHART: readonly (readonly string[])[] = [
  ['dataDir'],
  ['ops', 'listen'],
  ['watch', 'shard', 'index'],
  ['watch', 'shard', 'count'],
];
/** Keys that templates read, so that a variable cannot stand there. */
const READ_BY_CHART = ['cluster', 'watch'];

/** The JSON Schema of the chart's values: what the program says of its configuration, and the rest by hand. */
export function valuesSchema(): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the Watershard chart',
    ...strict(
      {
        global: map,
        config: configOfChart(),
        image: strict({
          repository: { type: 'string', minLength: 1 },
          tag: text,
          digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
          pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
        }),
        imagePullSecrets: list,
        nameOverride: text,
        fullnameOverride: text,
        commonLabels: labels,
        persistence: strict({
          enabled: flag,
          size: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?([KMGTPE]i?)?$' },
          storageClassName: text,
          accessModes: { type: 'array', items: { enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] } },
          annotations: labels,
          existingClaim: text,
          whenDeleted: { enum: ['Retain', 'Delete'] },
        }),
        replicas: whole(0, 2),
        shards: whole(1, 4096),
        env: list,
        envFrom: list,
        secretFiles: {
          type: 'array',
          items: strict({ name: text, secretName: text, mountPath: { type: 'string', pattern: '^/' } }, [
            'name',
            'secretName',
            'mountPath',
          ]),
        },
        extraVolumes: list,
        extraVolumeMounts: list,
        serviceAccount: strict({ create: flag, name: text, annotations: labels }),
        rbac: strict({
          create: flag,
          groups: { type: 'array', items: { type: 'string', pattern: '\\.' } },
          clusterScoped: { type: 'array', items: resource },
          clusterIdentity: flag,
        }),
        ops: strict({
          host: { type: 'string', pattern: '^([0-9.]+|\\[[0-9a-fA-F:]+\\])$' },
          port: whole(1024, 65_535),
        }),
        service: strict({ annotations: labels }),
        resources: map,
        restartOnChange: flag,
        podAnnotations: labels,
        podLabels: labels,
        podSecurityContext: map,
        securityContext: map,
        terminationGracePeriodSeconds: whole(1),
        probes: strict({ startup: map, liveness: map, readiness: map }),
        priorityClassName: text,
        nodeSelector: labels,
        tolerations: list,
        affinity: map,
        topologySpreadConstraints: list,
        podDisruptionBudget: strict({ enabled: flag, maxUnavailable: { type: ['integer', 'string'] } }),
        networkPolicy: strict({ enabled: flag, from: list, egress: list }),
        snapshot: strict({
          enabled: flag,
          schedule: { type: 'string', minLength: 1 },
          timeZone: text,
          config: map,
          activeDeadlineSeconds: whole(1),
          backoffLimit: whole(0),
          successfulJobsHistoryLimit: whole(0),
          failedJobsHistoryLimit: whole(0),
          suspend: flag,
          resources: map,
        }),
        serviceMonitor: strict({
          enabled: flag,
          labels,
          interval: text,
          scrapeTimeout: text,
          metricRelabelings: list,
        }),
        prometheusRule: strict({ enabled: flag, labels, disabled: { type: 'array', items: text } }),
        dashboard: strict({ enabled: flag, labels, annotations: labels }),
      },
      ['config'],
    ),
  };
}

function configOfChart(): Json {
  const schema = structuredClone(jsonSchema()) as Json;
  delete schema.$schema;
  for (const path of SET_BY_CHART) remove(schema, path);
  // Probes need the operations server.
  const ops = (schema.properties as Json).ops as { anyOf?: readonly JsonSchema[] };
  if (ops.anyOf !== undefined) ops.anyOf = ops.anyOf.filter((choice) => choice.type === 'object');
  const properties = schema.properties as Json;
  for (const [key, part] of Object.entries(properties)) properties[key] = written(part, !READ_BY_CHART.includes(key));
  return schema;
}

function remove(schema: unknown, path: readonly string[]): void {
  if (typeof schema !== 'object' || schema === null) return;
  const object = schema as { properties?: Json; anyOf?: unknown[]; required?: readonly string[] };
  const { properties, anyOf } = object;
  for (const choice of anyOf ?? []) remove(choice, path);
  if (properties === undefined) return;
  if (path.length > 1) {
    remove(properties[path[0]!], path.slice(1));
    return;
  }
  delete properties[path[0]!];
  if (object.required !== undefined) object.required = object.required.filter((key) => key !== path[0]);
}

const VARIABLE = { type: 'string', pattern: '\\$\\{' };

/**
 * The schema as a person writes the value: without the schema's own defaults, with `${NAME}` in the place of any text or
 * number where `variables`, and with sinks told apart by their type first, so that Helm complains about one of them alone.
 */
function written(part: unknown, variables: boolean): unknown {
  if (Array.isArray(part)) return part.map((item) => written(item, variables));
  if (typeof part !== 'object' || part === null) return part;
  const { default: _, 'x-default': __, ...schema } = part as Json;
  const choices = schema.oneOf as Json[] | undefined;
  if (choices?.every((c) => typeOf(c) !== undefined)) return byType(schema, choices, variables);
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties')
      schema[key] = Object.fromEntries(Object.entries(value as Json).map(([k, v]) => [k, written(v, variables)]));
    else if (key !== 'enum' && key !== 'const' && key !== 'required') schema[key] = written(value, variables);
  }
  if (!variables) return schema;
  const closed = schema.enum !== undefined || ['integer', 'number', 'boolean'].includes(String(schema.type));
  if (closed) {
    const { description, ...rest } = schema;
    return { ...(description === undefined ? {} : { description }), anyOf: [rest, VARIABLE] };
  }
  if (typeof schema.pattern === 'string') schema.pattern = `(?:${schema.pattern})|\\$\\{`;
  return schema;
}

function typeOf(schema: Json): unknown {
  return ((schema.properties as Json | undefined)?.type as Json | undefined)?.const;
}

function byType({ oneOf: _, ...schema }: Json, choices: readonly Json[], variables: boolean): Json {
  const types = choices.map(typeOf);
  return {
    ...schema,
    type: 'object',
    required: ['type'],
    properties: { type: { enum: types } },
    allOf: choices.map((choice) => ({
      if: { properties: { type: { const: typeOf(choice) } }, required: ['type'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: written(choice, variables),
    })),
  };
}
