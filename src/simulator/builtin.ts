import { CHANGED, fieldTree, managedFields, metadata, type Shape } from './objects.ts';
import type { TemplateObject } from './template.ts';

const fake = (text: string): string => Buffer.from(text).toString('base64');

export function configMap(s: Shape): TemplateObject {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: metadata(s, {
      managed: managedFields('v1', {
        manager: 'helm',
        fields: fieldTree('f:data f:server.yaml', 'f:metadata f:labels f:tier'),
      }),
    }),
    data: {
      revision: '@{count}',
      'server.yaml':
        `listen: ":8080"\nservice: ${s.app}\nlog:\n  level: info\n  format: "json"\nlimits:\n  connections: 512\n  note: "quotes \\" and braces {}"\n`.repeat(
          3,
        ),
    },
  } as TemplateObject;
}

export function secret(s: Shape): TemplateObject {
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: metadata(s, {
      managed: managedFields('v1', {
        manager: 'helm',
        fields: fieldTree('f:data f:password', 'f:data f:username', 'f:type'),
      }),
    }),
    data: { password: s.password, rotation: '@{count}00', username: fake(s.app) },
    type: 'Opaque',
  } as TemplateObject;
}

export function service(s: Shape): TemplateObject {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: metadata(s, { annotations: { 'example.com/revision': '@{count}' } }),
    spec: {
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' }],
      selector: { app: s.app },
      clusterIP: '10.96.@{octet}.@{host}',
      clusterIPs: ['10.96.@{octet}.@{host}'],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  } as TemplateObject;
}

const EVENT_FIELDS = fieldTree(
  ...['count', 'firstTimestamp', 'involvedObject', 'lastTimestamp', 'message', 'reason'].map((name) => `f:${name}`),
  ...['reportingComponent', 'reportingInstance', 'type'].map((name) => `f:${name}`),
  'f:source f:component',
  'f:source f:host',
);

export function event(s: Shape): TemplateObject {
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: metadata(s, {
      name: `${s.app}-${s.podHash}.@{suffix}`,
      labels: {},
      managed: managedFields('v1', { manager: 'kubelet', fields: EVENT_FIELDS }),
    }),
    involvedObject: {
      kind: 'Pod',
      namespace: s.namespace,
      name: `${s.app}-${s.podHash}`,
      uid: s.owner,
      apiVersion: 'v1',
      fieldPath: 'spec.containers{server}',
    },
    reason: 'BackOff',
    message: 'Back-off restarting failed container server in pod',
    source: { component: 'kubelet', host: 'node-@{octet}' },
    firstTimestamp: CHANGED,
    lastTimestamp: CHANGED,
    count: '@#{count}',
    type: 'Warning',
    eventTime: null,
    reportingComponent: 'kubelet',
    reportingInstance: 'node-@{octet}',
  } as TemplateObject;
}

export function node(s: Shape): TemplateObject {
  const condition = (type: string, status: string) => ({
    type,
    status,
    lastHeartbeatTime: CHANGED,
    lastTransitionTime: CHANGED,
    reason: `Kubelet${type}`,
    message: 'kubelet is posting its status',
  });
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: metadata(s, {
      name: 'node-@{ordinal}',
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'node.kubernetes.io/instance-type': 'm5.xlarge',
      },
    }),
    spec: { podCIDR: '10.244.@{octet}.0/24', providerID: 'simulated:///node-@{ordinal}' },
    status: {
      capacity: { cpu: '8', memory: '32Gi', pods: '110' },
      allocatable: { cpu: '7910m', memory: '30Gi', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False'),
        condition('DiskPressure', 'False'),
        condition('Ready', s.state === 'bad' ? 'False' : 'True'),
      ],
      nodeInfo: {
        machineID: s.owner,
        kubeletVersion: 'v1.35.4',
        osImage: 'Simulated Linux',
        architecture: 'amd64',
        operatingSystem: 'linux',
      },
      images: ['web', 'api', 'worker'].map((i) => ({
        names: [`registry.example.com/${i}/server:1.14.2`],
        sizeBytes: 104_857_600,
      })),
    },
  } as TemplateObject;
}

/** A custom resource: the API server writes its members in alphabetical order, and its lists keep kind and apiVersion. */
export function widget(s: Shape): TemplateObject {
  const m = metadata(s, { generation: true }) as Record<string, unknown>;
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: Object.fromEntries(Object.entries(m).sort(([a], [b]) => (a < b ? -1 : 1))),
    spec: { colour: s.stateful ? 'blue' : 'green', size: '@#{count}', notes: 'größer als ein Byte: ☃, "quoted"' },
    status: { phase: s.state === 'bad' ? 'Degraded' : 'Ready', observedGeneration: '@#{count}' },
  } as unknown as TemplateObject;
}

export function namespace(name: string, uid: string): TemplateObject {
  return {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: {
      name,
      uid,
      resourceVersion: '@{rv}',
      creationTimestamp: '2026-01-05T00:00:00Z',
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  } as TemplateObject;
}
