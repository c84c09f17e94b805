import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { readDelta } from '../../src/model/delta.ts';
import { CHART, Helm, type Manifest, values } from '../support/helm.ts';
import { KubeServer } from '../support/servers/kube.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const NAMESPACE = 'watershard';
const APP = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/watershard`;
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const OBJECTS = '/api/v1/namespaces/default/configmaps';

describe('an upgrade', () => {
  const folder = temporaryFolder('upgrade');
  const out = join(folder, 'records.ndjson');
  let kube: KubeServer;
  let helm: Helm;

  before(async () => {
    kube = await KubeServer.start({ controllers: true });
    helm = new Helm(kube.kubeconfig);
    await kube.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  });
  after(() => kube?.stop());

  test('keeps names, claim and state, reaches a pod that is not ready, and is rolled back', async () => {
    const config = {
      watch: { resources: ['configmaps'], namespaces: { include: ['default'], clusterScoped: false } },
      exporters: [{ name: 'out', type: 'file', path: out }],
    };
    const persistence = { size: '1Gi' };
    helm.run(['install', 'watershard', CHART, '--namespace', NAMESPACE], values(config, { persistence }));
    const [before, claim, pod] = await Promise.all([
      kube.must('GET', APP),
      claimed(),
      podWhen('there is a pod', () => true),
    ]);
    // What an installation stands on, and no later version of the chart may change.
    assert.equal(before.spec.serviceName, 'watershard');
    assert.deepEqual(before.spec.selector.matchLabels, {
      'app.kubernetes.io/name': 'watershard',
      'app.kubernetes.io/instance': 'watershard',
      'app.kubernetes.io/component': 'stream',
    });
    assert.equal(claim.metadata.name, 'data-watershard-0');

    for (const name of ['stays', 'goes']) await kube.must('POST', OBJECTS, { metadata: { name } });
    await runAsIn(pod, () => undefined);
    assert.deepEqual(told(), ['SNAPSHOT goes', 'SNAPSHOT stays']);
    olderState(join(folder, claim.metadata.uid, 'state.db'));

    await kube.must('DELETE', `${OBJECTS}/goes`);
    await kube.must('POST', OBJECTS, { metadata: { name: 'comes' } });
    const next = join(temporaryFolder('next'), 'chart');
    cpSync(CHART, next, { recursive: true });
    const chart = readFileSync(join(next, 'Chart.yaml'), 'utf8');
    writeFileSync(join(next, 'Chart.yaml'), chart.replaceAll('0.1.0', '0.2.0'));
    const changed = values({ ...config, workers: 1 }, { persistence, commonLabels: { team: 'platform' } });
    helm.run(['upgrade', 'watershard', next, '--namespace', NAMESPACE], changed);
    const replaced = await podWhen('the pod is replaced', (p) => p.metadata.uid !== pod.metadata.uid);
    assert.equal(replaced.spec.containers[0].image, 'watershard:0.2.0');
    assert.equal((await kube.must('GET', APP)).metadata.uid, before.metadata.uid);
    assert.equal((await claimed()).metadata.uid, claim.metadata.uid);
    await runAsIn(replaced, (used) => assert.equal(used.workers, 1));
    // Nothing that was told is told again, and what happened in between is.
    assert.deepEqual(told(), ['CREATED comes', 'DELETED goes', 'SNAPSHOT goes', 'SNAPSHOT stays']);

    helm.run(['rollback', 'watershard', '1', '--namespace', NAMESPACE]);
    const back = await podWhen('the first version is back', (p) => p.spec.containers[0].image === 'watershard:0.1.0');
    await runAsIn(back, (used) => assert.equal(used.workers, 2));
    assert.equal(told().length, 4);

    helm.run(['uninstall', 'watershard', '--namespace', NAMESPACE]);
    assert.equal((await kube.call('GET', APP)).status, 404);
    const kept = await claimed();
    assert.equal(kept.metadata.uid, claim.metadata.uid);
    assert.equal(kept.metadata.deletionTimestamp, undefined);
  });

  /** In the place of a kubelet: the program with the configuration, the account and the volume of a pod, until all is told. */
  async function runAsIn(pod: Manifest, check: (config: Record<string, unknown>) => void): Promise<void> {
    const volume = (name: string) => pod.spec.volumes.find((v: { name: string }) => v.name === name);
    const path = `${CORE}/configmaps/${volume('config').configMap.name}`;
    const { ops: _, ...config } = parse((await kube.must('GET', path)).data['watershard.yaml']);
    check(config);
    const claimName = volume('data').persistentVolumeClaim.claimName;
    const claim = await kube.must('GET', `${CORE}/persistentvolumeclaims/${claimName}`);
    const mounts = pod.spec.containers[0].volumeMounts as { name: string; mountPath: string }[];
    assert.equal(mounts.find((m) => m.name === 'data')?.mountPath, config.dataDir);
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const account = `${CORE}/serviceaccounts/${pod.spec.serviceAccountName}/token`;
    const { token } = (await kube.must('POST', account, request)).status;
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kube.kubeconfigText(`{token: ${token}}`));
    const program = new Watershard();
    try {
      await program.start({ ...config, kubeconfig, dataDir: join(folder, claim.metadata.uid) });
      await program.ready();
      await program.settled();
      assert.equal(await program.stop(), 0, program.log.slice(-2000));
    } finally {
      await program.kill();
    }
  }

  /** What is in the file about objects of the test, in order of text. */
  function told(): string[] {
    if (!existsSync(out)) return [];
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { operation: string; name: string });
    const own = records.filter((r) => ['stays', 'goes', 'comes'].includes(r.name));
    return own.map((r) => `${r.operation} ${r.name}`).sort();
  }

  async function podWhen(what: string, holds: (pod: Manifest) => boolean): Promise<Manifest> {
    return await until(what, async () => {
      const { status, body } = await kube.call('GET', `${CORE}/pods/watershard-0`);
      return status === 200 && holds(body as Manifest) && (body as Manifest);
    });
  }

  async function claimed() {
    return await until('there is a claim', async () => {
      const { status, body } = await kube.call('GET', `${CORE}/persistentvolumeclaims/data-watershard-0`);
      return status === 200 && body;
    });
  }
});

/** Makes of the state what versions wrote that had no log of changes and no generations. */
function olderState(file: string): void {
  const database = new DatabaseSync(file);
  const put = database.prepare('INSERT OR REPLACE INTO known (stream, key, value) VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM known WHERE stream = ? AND key = ?');
  for (const { stream, delta } of database.prepare('SELECT stream, delta FROM changes ORDER BY number').all())
    for (const { key, value } of readDelta(delta as Uint8Array))
      if (value === undefined) remove.run(stream!, Buffer.from(key));
      else put.run(stream!, Buffer.from(key), value);
  database.exec('DROP TABLE changes; ALTER TABLE streams DROP COLUMN generation');
  database.exec("UPDATE meta SET value = '1' WHERE key = 'schema'");
  database.close();
}
