import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { CHART, EVERYTHING, Helm, type Manifest, only, values } from '../support/helm.ts';
import { KubeObjects } from '../support/k8s-objects.ts';
import { MONITORING_CRDS } from '../support/monitoring-crds.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { until } from '../support/until.ts';

const K8S = fileURLToPath(new URL('../../k8s', import.meta.url));
const NAMESPACE = 'watershard';
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const documents = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((d) => d.toJS() as Manifest | null)
    .filter((m) => m !== null);

describe('installation on a real API server', () => {
  let kube: KubeServer;
  let helm: Helm;
  let objects: KubeObjects;

  before(async () => {
    kube = await KubeServer.start({ controllers: true });
    helm = new Helm(kube.kubeconfig);
    objects = new KubeObjects(kube);
    for (const name of [NAMESPACE, 'team-a', 'team-b', 'ns'])
      await kube.must('POST', '/api/v1/namespaces', {
        metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      });
    for (const crd of MONITORING_CRDS)
      await kube.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
    await until('the kinds of the Prometheus operator are served', async () => {
      const { body } = await kube.call('GET', '/apis/monitoring.coreos.com/v1');
      return body.resources?.length >= 2;
    });
  });
  after(() => kube?.stop());

  test('the chart knows what this Kubernetes serves', async () => {
    const served: Record<string, { resource: string; namespaced: boolean; names: string[] }[]> = {};
    const groups = (await kube.must('GET', '/apis')).groups as {
      name: string;
      preferredVersion: { groupVersion: string };
    }[];
    const roots = [
      ['', '/api/v1'] as const,
      ...groups.map((g) => [g.name, `/apis/${g.preferredVersion.groupVersion}`] as const),
    ];
    for (const [group, root] of roots) {
      if (group === 'monitoring.coreos.com') continue;
      for (const r of (await kube.must('GET', root)).resources) {
        if (r.name.includes('/') || !r.verbs.includes('list') || !r.verbs.includes('watch')) continue;
        const names = new Set([r.singularName, r.kind.toLowerCase(), ...(r.shortNames ?? [])]);
        names.delete(r.name);
        served[group] ??= [];
        served[group].push({ resource: r.name, namespaced: r.namespaced, names: [...names].sort() });
      }
    }
    const known = parse(readFileSync(join(CHART, 'files/api-resources.yaml'), 'utf8')).groups as typeof served;
    for (const [group, resources] of Object.entries(served))
      for (const resource of resources)
        assert.deepEqual(
          known[group]?.find((k) => k.resource === resource.resource),
          resource,
          `${resource.resource}.${group}`,
        );
  });

  test('every object is one that the server takes, with no field that it does not know', async () => {
    const files = readdirSync(join(CHART, 'ci')).map(
      (f) => parse(readFileSync(join(CHART, 'ci', f), 'utf8')) as object,
    );
    for (const given of [...files, EVERYTHING])
      for (const manifest of helm.template(given)) await objects.dryRun(manifest);
    const manifests = join(K8S, 'manifests');
    const { resources } = parse(readFileSync(join(manifests, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    const plain = resources.flatMap((file) => documents(readFileSync(join(manifests, file), 'utf8')));
    assert.ok(plain.length >= 8);
    // Its namespace is there already, for the others to be looked at in.
    for (const manifest of plain.filter((m) => m.kind !== 'Namespace')) await objects.dryRun(manifest);
    for (const manifest of plain.filter((m) => m.kind === 'Namespace'))
      await objects.dryRun({ ...manifest, metadata: { ...manifest.metadata, name: 'another' } });
    await assert.rejects(
      objects.dryRun({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'x', labels: {} },
        dta: {},
      }),
      /unknown field \\"dta\\"/,
    );
  });

  test('pods are let in where only restricted ones are', async () => {
    await kube.must('POST', '/api/v1/namespaces/ns/serviceaccounts', { metadata: { name: 'w-watershard' } });
    const pods = helm
      .template(values({}, { snapshot: { enabled: true } }))
      .filter((m) => ['StatefulSet', 'CronJob'].includes(m.kind))
      .map((m) => (m.kind === 'CronJob' ? m.spec.jobTemplate : m).spec.template);
    assert.equal(pods.length, 2);
    for (const { metadata, spec } of pods) {
      const volumes = [...spec.volumes, { name: 'data', emptyDir: {} }];
      const own = volumes.filter((v, i) => volumes.findIndex((w) => w.name === v.name) === i);
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: 'p' },
        spec: { ...spec, volumes: own },
      };
      await objects.dryRun(pod, 'ns');
      const root = { ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 0 } } };
      await assert.rejects(objects.dryRun(root, 'ns'), /violates PodSecurity/);
    }
  });

  test('installed with everything switched on, the controllers make of it what it says', async () => {
    const release = ['everything', '--namespace', NAMESPACE];
    helm.run(['install', release[0]!, CHART, ...release.slice(1)], EVERYTHING);
    const rendered = helm.template(EVERYTHING);
    const name = 'everything-watershard';
    const get = async (path: string): Promise<Manifest> => (await kube.must('GET', path)) as Manifest;
    const own = async (group: string, plural: string, called = name): Promise<Manifest> =>
      await get(`/${group}/namespaces/${NAMESPACE}/${plural}/${called}`);

    const pod = await made(`${CORE}/pods/${name}-0`);
    // The priority that the server has found for the class, which a name without a class would not have.
    assert.equal(pod.spec.priority, 2_000_000_000);
    assert.equal(pod.spec.serviceAccountName, name);
    assert.equal(pod.spec.topologySpreadConstraints[0].topologyKey, 'topology.kubernetes.io/zone');
    assert.deepEqual(pod.spec.topologySpreadConstraints[0].labelSelector.matchLabels, {
      'app.kubernetes.io/name': 'watershard',
      'app.kubernetes.io/instance': 'everything',
      'app.kubernetes.io/component': 'stream',
    });
    const account = await own('api/v1', 'serviceaccounts');
    assert.equal(account.metadata.annotations?.['eks.amazonaws.com/role-arn'], 'arn:aws:iam::1:role/w');

    // The budget, the service and the policy are of this pod, and the policy of the one of a snapshot too.
    const budget = await until('the budget counts the pod', async () => {
      const found = await own('apis/policy/v1', 'poddisruptionbudgets');
      return found.status.expectedPods === 1 && found;
    });
    const policy = await own('apis/networking.k8s.io/v1', 'networkpolicies');
    assert.deepEqual(policy.spec.policyTypes, ['Ingress', 'Egress']);
    const service = await own('api/v1', 'services');
    const monitor = await own('apis/monitoring.coreos.com/v1', 'servicemonitors');
    const selectors = [budget.spec.selector.matchLabels, policy.spec.podSelector.matchLabels, service.spec.selector];
    for (const selector of selectors) assert.ok(matches(selector, pod.metadata.labels), JSON.stringify(selector));
    assert.ok(matches(monitor.spec.selector.matchLabels, service.metadata.labels));
    const alerts = (await own('apis/monitoring.coreos.com/v1', 'prometheusrules')).spec.groups[0].rules;
    assert.deepEqual(alerts, only(rendered, 'PrometheusRule').spec.groups[0].rules);
    const dashboard = await own('api/v1', 'configmaps', `${name}-dashboard`);
    assert.equal(JSON.parse(dashboard.data['watershard.json']).uid, 'watershard');

    const cronJob = await own('apis/batch/v1', 'cronjobs', `${name}-snapshot`);
    const job = { metadata: { name: 'by-hand' }, spec: cronJob.spec.jobTemplate.spec };
    await kube.must('POST', `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`, job);
    const [snapshot] = await until('the job has a pod', async () => {
      const { items } = await kube.must('GET', `${CORE}/pods?labelSelector=batch.kubernetes.io/job-name=by-hand`);
      return items.length > 0 && items;
    });
    assert.equal(snapshot.spec.containers[0].args[0], 'snapshot');
    assert.ok(matches(policy.spec.podSelector.matchLabels, snapshot.metadata.labels));
    assert.ok(!matches(budget.spec.selector.matchLabels, snapshot.metadata.labels), 'a snapshot is not counted');
    await kube.must('DELETE', `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/by-hand?propagationPolicy=Background`);

    const paths = await Promise.all(
      rendered.map(async (manifest) => {
        const called = manifest.metadata.name.replaceAll('w-watershard', name).replace('ns:', `${NAMESPACE}:`);
        const placed = { ...manifest, metadata: { ...manifest.metadata, namespace: NAMESPACE } };
        return `${await objects.path(placed)}/${called}`;
      }),
    );
    for (const path of paths) await kube.must('GET', path);
    helm.run(['uninstall', ...release]);
    for (const path of paths) await until(`${path} is gone`, async () => (await kube.call('GET', path)).status === 404);
  });

  test('with the state in Redis, a Deployment has two pods', async () => {
    const given = parse(readFileSync(join(CHART, 'ci/redis-values.yaml'), 'utf8')) as object;
    helm.run(['install', 'watershard', CHART, '--namespace', NAMESPACE], given);
    await until('there are two pods', async () => {
      const { body } = await kube.call('GET', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/watershard`);
      return body.status?.replicas === 2 && body.status.updatedReplicas === 2;
    });
    helm.run(['uninstall', 'watershard', '--namespace', NAMESPACE]);
  });

  async function made(path: string): Promise<Manifest> {
    return await until(`${path} is there`, async () => {
      const { status, body } = await kube.call('GET', path);
      return status === 200 && (body as Manifest);
    });
  }
});

function matches(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
