import { BORN, CHANGED, fieldTree, labels, managedFields, metadata, type Shape } from './objects.ts';
import type { TemplateObject } from './template.ts';

/** A pod of about 5 KB, managedFields included, as kubelet and kube-controller-manager leave it. */
export function pod(s: Shape): TemplateObject {
  const image = `registry.example.com/${s.app}/server:1.14.2`;
  const owner = s.stateful
    ? { apiVersion: 'apps/v1', kind: 'StatefulSet', name: s.app, uid: s.owner }
    : { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${s.app}-${s.podHash}`, uid: s.owner };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: metadata(s, {
      ...(s.stateful ? {} : { name: `${s.app}-${s.podHash}-@{suffix}` }),
      labels: { app: s.app, ...labels(s), 'pod-template-hash': s.podHash },
      annotations: {
        'prometheus.io/port': '9090',
        'prometheus.io/scrape': 'true',
        'checksum/config': s.ownerDigits.repeat(2),
      },
      owner,
      managed: managedFields(
        'v1',
        { manager: 'kube-controller-manager', fields: SPEC_FIELDS },
        { manager: 'kubelet', fields: STATUS_FIELDS, subresource: 'status' },
      ),
    }),
    spec: spec(s, image),
    status: status(s, image),
  } as TemplateObject;
}

/** A custom resource with what a pod holds. */
export function gadget(s: Shape, kind: string): TemplateObject {
  const { metadata, spec, status } = pod(s) as TemplateObject & Record<string, unknown>;
  return { apiVersion: 'gadgets.example.com/v1', kind, metadata, spec, status } as TemplateObject;
}

const ENV = ['POD_IP', 'POD_NAME', 'POD_NAMESPACE'];

function spec(s: Shape, image: string): unknown {
  const probe = (path: string) => ({
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  const mount = { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
  return {
    volumes: [
      { name: 'config', configMap: { name: `${s.app}-config`, defaultMode: 420 } },
      {
        name: 'kube-api-access',
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    containers: [
      {
        name: 'server',
        image,
        args: ['--listen=:8080', '--metrics=:9090', `--service=${s.app}`],
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
        ],
        env: [
          { name: 'LOG_LEVEL', value: 'info' },
          ...ENV.map((name) => ({
            name,
            valueFrom: {
              fieldRef: {
                apiVersion: 'v1',
                fieldPath: name === 'POD_IP' ? 'status.podIP' : `metadata.${name.slice(4).toLowerCase()}`,
              },
            },
          })),
        ],
        resources: { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
        volumeMounts: [{ name: 'config', mountPath: '/etc/server' }, mount],
        livenessProbe: probe('/healthz'),
        readinessProbe: probe('/readyz'),
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: s.app,
    serviceAccount: s.app,
    nodeName: 'node-@{octet}',
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: ['not-ready', 'unreachable'].map((t) => ({
      key: `node.kubernetes.io/${t}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  };
}

function status(s: Shape, image: string): unknown {
  const ready = s.state === 'good';
  const condition = (type: string, good: boolean) => ({
    type,
    status: good ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: CHANGED,
    ...(good ? {} : { reason: 'ContainersNotReady', message: 'containers with unready status: [server]' }),
  });
  const state = {
    new: { waiting: { reason: 'ContainerCreating' } },
    good: { running: { startedAt: CHANGED } },
    bad: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container=server' } },
  }[s.state];
  return {
    phase: s.state === 'new' ? 'Pending' : 'Running',
    conditions: [
      condition('Initialized', true),
      condition('Ready', ready),
      condition('ContainersReady', ready),
      condition('PodScheduled', true),
    ],
    hostIP: '10.0.1.@{octet}',
    ...(s.state === 'new' ? {} : { podIP: '10.244.@{octet}.@{host}', podIPs: [{ ip: '10.244.@{octet}.@{host}' }] }),
    startTime: BORN,
    containerStatuses: [
      {
        name: 'server',
        state,
        lastState: {},
        ready,
        restartCount: '@#{digit}',
        image,
        imageID: s.state === 'new' ? '' : `registry.example.com/${s.app}/server@sha256:${s.ownerDigits.repeat(2)}`,
        started: ready,
      },
    ],
    qosClass: 'Burstable',
  };
}

const CONTAINER = 'f:spec f:containers k:{"name":"server"}';
const SPEC_FIELDS = fieldTree(
  'f:metadata f:annotations f:checksum/config',
  'f:metadata f:annotations f:prometheus.io/port',
  'f:metadata f:labels f:app',
  'f:metadata f:labels f:app.kubernetes.io/name',
  'f:metadata f:labels f:pod-template-hash',
  'f:metadata f:ownerReferences k:{"uid":"owner"}',
  `${CONTAINER} f:args`,
  `${CONTAINER} f:env k:{"name":"LOG_LEVEL"} f:value`,
  `${CONTAINER} f:env k:{"name":"POD_IP"} f:valueFrom f:fieldRef`,
  `${CONTAINER} f:image`,
  `${CONTAINER} f:livenessProbe f:httpGet f:path`,
  `${CONTAINER} f:ports k:{"containerPort":8080,"protocol":"TCP"} f:name`,
  `${CONTAINER} f:resources f:limits f:cpu`,
  `${CONTAINER} f:resources f:requests f:cpu`,
  `${CONTAINER} f:volumeMounts k:{"mountPath":"/etc/server"} f:name`,
  'f:spec f:dnsPolicy',
  'f:spec f:restartPolicy',
  'f:spec f:serviceAccountName',
  'f:spec f:terminationGracePeriodSeconds',
);
const CONDITION = 'f:status f:conditions k:{"type":"Ready"}';
const STATUS_FIELDS = fieldTree(
  `${CONDITION} f:status`,
  `${CONDITION} f:lastTransitionTime`,
  'f:status f:containerStatuses',
  'f:status f:hostIP',
  'f:status f:phase',
  'f:status f:podIP',
  'f:status f:podIPs k:{"ip":"10.244.0.1"} f:ip',
  'f:status f:startTime',
);
