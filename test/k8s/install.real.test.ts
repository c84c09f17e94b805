import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { CHART, EVERYTHING, Helm, type Manifest, values } from '../support/helm.ts';
import { KubeObjects } from '../support/k8s-objects.ts';
import { MONITORING_CRDS } from '../support/monitoring-crds.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const K8S = fileURLToPath(new URL('../../k8s', import.meta.url));
const NAMESPACE = 'watershard';
const APP = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/watershard`;
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

  test('an upgrade keeps names, claim and state, and reaches a pod that is not ready', async () => {
    const given = values({}, { persistence: { size: '1Gi' } });
    helm.run(['install', 'watershard', CHART, '--namespace', NAMESPACE], given);
    const [before, claim, pod] = await Promise.all([
      kube.must('GET', APP),
      claimed(),
      until('there is a pod', async () => {
        const { status, body } = await kube.call('GET', `${CORE}/pods/watershard-0`);
        return status === 200 && body;
      }),
    ]);
    // What an installation stands on, and no later version of the chart may change.
    assert.equal(before.spec.serviceName, 'watershard');
    assert.deepEqual(before.spec.selector.matchLabels, {
      'app.kubernetes.io/name': 'watershard',
      'app.kubernetes.io/instance': 'watershard',
      'app.kubernetes.io/component': 'stream',
    });
    assert.equal(claim.metadata.name, 'data-watershard-0');
    assert.equal(
      pod.spec.volumes.find((v: { name: string }) => v.name === 'data').persistentVolumeClaim.claimName,
      'data-watershard-0',
    );
    const mounts = pod.spec.containers[0].volumeMounts as { name: string; mountPath: string }[];
    assert.equal(mounts.find((m) => m.name === 'data')?.mountPath, '/var/lib/watershard');

    const next = join(temporaryFolder('next'), 'chart');
    cpSync(CHART, next, { recursive: true });
    const chart = readFileSync(join(next, 'Chart.yaml'), 'utf8');
    writeFileSync(join(next, 'Chart.yaml'), chart.replaceAll('0.1.0', '0.2.0'));
    const changed = values({ workers: 1 }, { persistence: { size: '1Gi' }, commonLabels: { team: 'platform' } });
    helm.run(['upgrade', 'watershard', next, '--namespace', NAMESPACE], changed);
    const replaced = await until('the pod is replaced', async () => {
      const { status, body } = await kube.call('GET', `${CORE}/pods/watershard-0`);
      return status === 200 && body.metadata.uid !== pod.metadata.uid && body;
    });
    assert.equal(replaced.spec.containers[0].image, 'watershard:0.2.0');
    assert.equal((await kube.must('GET', APP)).metadata.uid, before.metadata.uid);
    assert.equal((await claimed()).metadata.uid, claim.metadata.uid);

    helm.run(['rollback', 'watershard', '1', '--namespace', NAMESPACE]);
    await until('the first version is back', async () => {
      const { status, body } = await kube.call('GET', `${CORE}/pods/watershard-0`);
      return status === 200 && body.spec.containers[0].image === 'watershard:0.1.0';
    });
    helm.run(['uninstall', 'watershard', '--namespace', NAMESPACE]);
    assert.equal((await kube.call('GET', APP)).status, 404);
    const kept = await claimed();
    assert.equal(kept.metadata.uid, claim.metadata.uid);
    assert.equal(kept.metadata.deletionTimestamp, undefined);
  });

  async function claimed() {
    return await until('there is a claim', async () => {
      const { status, body } = await kube.call('GET', `${CORE}/persistentvolumeclaims/data-watershard-0`);
      return status === 200 && body;
    });
  }
});
