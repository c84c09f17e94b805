import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHART, Helm, values } from '../support/helm.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { WIDGET_CRD } from '../support/workload.ts';

const NAMESPACE = 'watershard';
const REVIEWS = '/apis/authorization.k8s.io/v1';

interface Attempt {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What a watcher must never be able to do, however much it may read. */
const NEVER: readonly Attempt[] = [
  ...['create', 'update', 'patch', 'delete', 'deletecollection'].flatMap((verb) =>
    ['pods', 'secrets', 'configmaps', 'namespaces', 'nodes'].map((resource) => ({
      verb,
      resource,
      namespace: 'team-a',
    })),
  ),
  { verb: 'get', resource: 'nodes', subresource: 'proxy' },
  { verb: 'create', resource: 'nodes', subresource: 'proxy' },
  { verb: 'get', resource: 'pods', subresource: 'exec', namespace: 'team-a' },
  { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'team-a' },
  { verb: 'get', resource: 'pods', subresource: 'log', namespace: 'team-a' },
  { verb: 'get', resource: 'services', subresource: 'proxy', namespace: 'team-a' },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'team-a' },
  { verb: 'impersonate', resource: 'users' },
  { verb: 'escalate', resource: 'clusterroles', group: 'rbac.authorization.k8s.io' },
  { verb: 'bind', resource: 'clusterroles', group: 'rbac.authorization.k8s.io' },
];

interface Case {
  readonly what: string;
  readonly watch: object;
  readonly rbac?: object;
  /** Streams that there have to be, and others that there must not be. */
  readonly streams: readonly string[];
  readonly without?: readonly string[];
  readonly denied: readonly Attempt[];
}

const CASES: readonly Case[] = [
  {
    what: 'everything',
    watch: {},
    streams: ['pods', 'secrets', 'deployments.apps', 'widgets.example.com', 'nodes'],
    denied: [],
  },
  {
    what: 'everything but secrets and a group',
    watch: { exclude: ['secrets', '*.rbac.authorization.k8s.io', 'sa', 'leases.coordination.k8s.io'] },
    streams: ['pods', 'deployments.apps', 'widgets.example.com', 'nodes', 'events'],
    without: ['secrets', 'roles.rbac.authorization.k8s.io', 'serviceaccounts'],
    denied: [
      { verb: 'list', resource: 'secrets' },
      { verb: 'list', resource: 'secrets', namespace: 'team-a' },
      { verb: 'watch', resource: 'serviceaccounts' },
      { verb: 'list', resource: 'clusterroles', group: 'rbac.authorization.k8s.io' },
    ],
  },
  {
    what: 'some resources, in all the ways to write them',
    watch: { resources: ['po', 'Deployment', 'widgets', 'job.batch', '*.policy', 'nodes'] },
    streams: ['pods', 'deployments.apps', 'widgets.example.com', 'jobs.batch', 'poddisruptionbudgets.policy', 'nodes'],
    denied: [
      { verb: 'list', resource: 'secrets' },
      { verb: 'list', resource: 'configmaps' },
      { verb: 'list', resource: 'statefulsets', group: 'apps' },
      { verb: 'list', resource: 'cronjobs', group: 'batch' },
    ],
  },
  {
    what: 'two namespaces and nothing outside of them',
    watch: {
      resources: ['*'],
      exclude: ['secrets'],
      namespaces: { include: ['team-a', 'team-b'], clusterScoped: false },
    },
    streams: ['pods@team-a', 'pods@team-b', 'widgets.example.com@team-a'],
    without: ['nodes', 'secrets@team-a'],
    denied: [
      { verb: 'list', resource: 'pods' },
      { verb: 'list', resource: 'pods', namespace: 'team-c' },
      { verb: 'list', resource: 'secrets', namespace: 'team-a' },
      { verb: 'list', resource: 'nodes' },
      { verb: 'list', resource: 'namespaces' },
    ],
  },
  {
    what: 'a namespace, and what is in none',
    watch: {
      resources: ['pods', 'nodes', 'widgets.example.com', '*.storage.k8s.io'],
      namespaces: { include: ['team-a'] },
    },
    streams: ['pods@team-a', 'widgets.example.com@team-a', 'nodes', 'storageclasses.storage.k8s.io'],
    denied: [
      { verb: 'list', resource: 'pods' },
      { verb: 'list', resource: 'widgets', group: 'example.com' },
      { verb: 'list', resource: 'nodes', group: 'metrics.k8s.io' },
      { verb: 'list', resource: 'secrets', namespace: 'team-a' },
    ],
  },
];

describe('rights', () => {
  let kube: KubeServer;
  let helm: Helm;

  before(async () => {
    kube = await KubeServer.start();
    helm = new Helm(kube.kubeconfig);
    for (const name of [NAMESPACE, 'team-a', 'team-b', 'team-c'])
      await kube.must('POST', '/api/v1/namespaces', { metadata: { name } });
    for (const namespace of ['team-a', 'team-b'])
      for (const kind of ['configmaps', 'secrets'])
        await kube.must('POST', `/api/v1/namespaces/${namespace}/${kind}`, { metadata: { name: 'x' } });
    await kube.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', WIDGET_CRD);
    await until(
      'widgets are served',
      async () => (await kube.call('GET', '/apis/example.com/v1/widgets')).status === 200,
    );
  });
  after(() => kube?.stop());

  for (const { what, watch, rbac = {}, streams, without = [], denied } of CASES) {
    test(`are enough for ${what}, and no more`, async () => {
      helm.run(['install', 'watershard', CHART, '--namespace', NAMESPACE], values({ watch }, { rbac }));
      const program = new Watershard();
      try {
        const token = await tokenOfRelease();
        const kubeconfig = join(temporaryFolder('token'), 'kubeconfig');
        writeFileSync(kubeconfig, kube.kubeconfigText(`{token: ${token}}`));
        const file = join(program.folder, 'records.ndjson');
        await program.start({
          cluster: { name: 'demo' },
          kubeconfig,
          watch,
          exporters: [{ name: 'out', type: 'file', path: file }],
        });
        await program.ready();
        await until('every stream has come up, or is forbidden', async () => {
          const { streams } = await program.status();
          return streams.length > 0 && streams.every((s) => s.synced || s.state === 'forbidden');
        });
        const status = await program.status();
        assert.deepEqual(
          status.streams.filter((s) => !s.synced).map((s) => `${s.id}: ${s.state}`),
          [],
        );
        const ids = status.streams.map((s) => s.id);
        for (const id of streams) assert.ok(ids.includes(id), `${id} is not watched: ${ids.join(' ')}`);
        for (const id of without) assert.ok(!ids.includes(id), `${id} is watched`);
        assert.notEqual(status.cluster.uid, '', 'the uid of kube-system is not known');
        assert.equal(await program.stop(), 0, program.log.slice(-2000));

        for (const attempt of [...NEVER, ...denied])
          assert.equal(await allowed(token, attempt), false, `may ${JSON.stringify(attempt)}`);
        assert.deepEqual(await beyondReading(token), []);
      } finally {
        await program.kill();
        helm.run(['uninstall', 'watershard', '--namespace', NAMESPACE]);
      }
    });
  }

  test('a resource that cannot be left out without its group is refused', () => {
    const given = values({ watch: { exclude: ['widgets'] } });
    const { errors } = helm.try(['template', 'w', CHART], given);
    assert.match(errors, /widgets is no resource of Kubernetes itself; write it with its group/);
  });

  test('what a group that the chart does not know has left is not granted, when a part of it is excluded', () => {
    const rules = helm
      .template(values({ watch: { exclude: ['widgets.example.com'] } }), '--api-versions', 'example.com/v1/Widget')
      .find((m) => m.kind === 'ClusterRole')?.rules as { apiGroups: string[] }[];
    const groups = rules.flatMap((r) => r.apiGroups);
    assert.ok(groups.includes('apps'));
    assert.ok(!groups.includes('*') && !groups.includes('example.com'), groups.join(' '));
  });

  async function tokenOfRelease(): Promise<string> {
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/watershard/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
    return (await kube.must('POST', path, request)).status.token;
  }

  async function allowed(token: string, attempt: Attempt): Promise<boolean> {
    const { group = '', ...rest } = attempt;
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
    const { status, body } = await kube.call(
      'POST',
      `${REVIEWS}/selfsubjectaccessreviews`,
      { ...review, spec: { resourceAttributes: { group, ...rest } } },
      token,
    );
    assert.equal(status, 201, JSON.stringify(body));
    return body.status.allowed;
  }

  /** Rules for more than list and watch, beside the reviews of oneself that everybody may make and the uid of the cluster. */
  async function beyondReading(token: string): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const namespace of [NAMESPACE, 'team-a', 'kube-system', 'default']) {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
      const { body } = await kube.call('POST', `${REVIEWS}/selfsubjectrulesreviews`, review, token);
      for (const rule of body.status.resourceRules as {
        verbs: string[];
        apiGroups: string[];
        resources: string[];
        resourceNames?: string[];
      }[]) {
        if (rule.verbs.every((v) => ['list', 'watch'].includes(v))) continue;
        if (rule.resources.every((r) => r.startsWith('selfsubject'))) continue;
        if (rule.verbs.join() === 'get' && rule.resourceNames?.join() === 'kube-system') continue;
        found.push(rule);
      }
    }
    return found;
  }
});
