import { CHANGED, fieldTree, labels, managedFields, metadata, type Shape } from './objects.ts';
import type { TemplateObject } from './template.ts';

const podTemplate = (s: Shape): unknown => ({
  metadata: { creationTimestamp: null, labels: { app: s.app, ...labels(s) } },
  spec: {
    containers: [
      {
        name: 'server',
        image: `registry.example.com/${s.app}/server:1.14.2`,
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '100m' } },
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
  },
});

/** @param identity of what owns others */
function workload(
  kind: 'Deployment' | 'ReplicaSet' | 'StatefulSet',
  identity: (s: Shape) => { name: string; uid: string },
) {
  return (s: Shape): TemplateObject => {
    const applied = JSON.stringify({
      apiVersion: 'apps/v1',
      kind,
      metadata: { name: s.app, namespace: s.namespace },
      spec: { replicas: 3, template: podTemplate(s) },
    });
    const counts =
      s.state === 'good'
        ? { readyReplicas: 3, availableReplicas: 3 }
        : { readyReplicas: 2, availableReplicas: 2, unavailableReplicas: 1 };
    return {
      kind,
      apiVersion: 'apps/v1',
      metadata: metadata(s, {
        ...(s.owning ? identity(s) : { name: `${s.app}-@{suffix}` }),
        generation: true,
        annotations: {
          'deployment.kubernetes.io/revision': '@{digit}',
          'kubectl.kubernetes.io/last-applied-configuration': `${applied}\n`,
        },
        ...(kind === 'ReplicaSet'
          ? { owner: { apiVersion: 'apps/v1', kind: 'Deployment', name: s.app, uid: s.deployment } }
          : {}),
        managed: managedFields(
          'apps/v1',
          {
            manager: 'kubectl-client-side-apply',
            fields: fieldTree('f:spec f:replicas', 'f:spec f:selector', 'f:spec f:template f:spec f:containers'),
          },
          {
            manager: 'kube-controller-manager',
            fields: fieldTree('f:status f:replicas', 'f:status f:conditions'),
            subresource: 'status',
          },
        ),
      }),
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: s.app } },
        template: podTemplate(s),
        ...(kind === 'Deployment'
          ? {
              strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
              revisionHistoryLimit: 10,
              progressDeadlineSeconds: 600,
            }
          : {}),
        ...(kind === 'StatefulSet'
          ? { serviceName: s.app, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate' } }
          : {}),
      },
      status: {
        observedGeneration: '@#{count}',
        replicas: 3,
        ...counts,
        conditions:
          kind === 'Deployment'
            ? [
                {
                  type: 'Available',
                  status: s.state === 'bad' ? 'False' : 'True',
                  lastUpdateTime: CHANGED,
                  lastTransitionTime: CHANGED,
                  reason: 'MinimumReplicasAvailable',
                  message: 'Deployment has minimum availability.',
                },
              ]
            : [],
      },
    } as TemplateObject;
  };
}
export const deployment = workload('Deployment', (s) => ({ name: s.app, uid: s.deployment }));
export const replicaSet = workload('ReplicaSet', (s) => ({ name: `${s.app}-${s.podHash}`, uid: s.owner }));
export const statefulSet = workload('StatefulSet', (s) => ({ name: s.app, uid: s.owner }));
