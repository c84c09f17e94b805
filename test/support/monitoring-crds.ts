const text = { type: 'string' };
const map = { type: 'object', additionalProperties: text };
const object = (properties: object): object => ({ type: 'object', properties });
const list = (properties: object): object => ({ type: 'array', items: object(properties) });

const relabelings = list({
  action: { type: 'string', enum: ['replace', 'keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep'] },
  sourceLabels: { type: 'array', items: text },
  regex: text,
  targetLabel: text,
  replacement: text,
});

const crd = (plural: string, kind: string, spec: object): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.monitoring.coreos.com` },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({ spec }) } }],
  },
});

/** The kinds of the Prometheus operator, with those of their fields that the chart may use: a strict server refuses others. */
export const MONITORING_CRDS: readonly object[] = [
  crd(
    'servicemonitors',
    'ServiceMonitor',
    object({
      selector: object({ matchLabels: map }),
      endpoints: list({
        port: text,
        path: text,
        interval: text,
        scrapeTimeout: text,
        relabelings,
        metricRelabelings: relabelings,
      }),
    }),
  ),
  crd(
    'prometheusrules',
    'PrometheusRule',
    object({
      groups: list({
        name: text,
        rules: list({ alert: text, expr: text, for: text, labels: map, annotations: map }),
      }),
    }),
  ),
];
