import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { StreamStatus } from '../../src/model/status.ts';
import { checkStream, checkTable } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = 'gadgets.example.com';

/** @param property of the spec, so that another one is another schema */
function gadgets(version: string, property: string): unknown {
  const spec = { type: 'object', properties: { [property]: { type: 'integer' } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  return {
    metadata: { name: GADGETS },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}

describe('resources come and go, and some are forbidden', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.start();
    await rig.kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'alpha' } });
    await rig.program.start(rig.config({ watch: { resources: ['*'] } }));
    await rig.program.ready();
  });
  after(() => rig.stop());

  const stream = async (): Promise<StreamStatus | undefined> =>
    (await rig.program.status()).streams.find((s) => s.id === GADGETS);
  const ofGadgets = async (): Promise<SeenRecord[]> =>
    (await rig.records()).filter((r) => r.resource === 'gadgets' && r.group === 'example.com');
  async function make(version: string, name: string, spec: Record<string, number>): Promise<void> {
    const body = { apiVersion: `example.com/${version}`, kind: 'Gadget', metadata: { name }, spec };
    const path = `/apis/example.com/${version}/namespaces/alpha/gadgets`;
    await until(`${name} can be made`, async () => (await rig.kube.call('POST', path, body)).status === 201, 20);
  }
  /** What a page is told that is opened now. */
  async function page(): Promise<string> {
    const ended = new AbortController();
    const answer = await fetch(`${rig.program.url}/events`, { signal: ended.signal });
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    while (!text.includes('\n\n')) text += Buffer.from((await reader.read()).value ?? []).toString();
    ended.abort();
    return text;
  }
  const watches = async (): Promise<string[]> =>
    (await rig.program.metrics())
      .split('\n')
      .filter((l) => /^watershard_(watches|lists)_total\{stream="gadgets/.test(l));

  test('a CRD made while running is watched within 10 s', async () => {
    await rig.kube.must('POST', CRDS, gadgets('v1', 'size'));
    await make('v1', 'one', { size: 1 });
    const seen = await until('its object is seen', async () => (await ofGadgets())[0], 10);
    assert.equal(seen.name, 'one');
    await until('it is synced', async () => (await stream())?.synced);
    for (const name of ['two', 'three']) await make('v1', name, { size: 2 });
    await until('the others are seen', async () => (await ofGadgets()).length === 3, 10);
  });

  test('deleted again: a delete for each of its objects, and nothing asks for it any more', async () => {
    await rig.kube.must('DELETE', `${CRDS}/${GADGETS}`);
    await until('its stream has gone', async () => (await stream()) === undefined, 30);
    await rig.settled();
    const total = (await rig.program.status()).totals.records;
    const records = await ofGadgets();
    const deleted = records.filter((r) => r.operation === 'DELETED');
    assert.deepEqual(deleted.map((r) => r.name).sort(), ['one', 'three', 'two']);
    checkStream(await rig.records());
    await until('its series have gone', async () => !(await rig.program.metrics()).includes(GADGETS));
    assert.equal((await rig.program.status()).totals.records, total, 'what it has sent still counts');
    await new Promise((r) => setTimeout(r, 4000)); // longer than a discovery
    assert.deepEqual(await watches(), []);
    // Its last error, that it is not served, stays for a while among those that are over.
    assert.doesNotMatch(await page(), /"id":"gadgets/, 'nor does the page show it');
    assert.deepEqual((await rig.program.status()).reasons, [], 'a resource that has gone is no reason not to be ready');
  });

  test('made again in another version with another schema: its objects flow', async () => {
    const before = (await ofGadgets()).length;
    await rig.kube.must('POST', CRDS, gadgets('v2', 'weight'));
    await make('v2', 'one', { weight: 3 });
    await until('its object is seen', async () => (await ofGadgets()).length > before, 15);
    await until('its series are there again', async () => (await watches()).length > 0);
    const [one, ...more] = (await ofGadgets()).slice(before);
    assert.deepEqual(more, []);
    assert.equal(one!.operation, 'CREATED');
    assert.deepEqual((one!.object as { spec: unknown }).spec, { weight: 3 });
    await until('it is synced', async () => (await stream())?.synced);
  });

  test('another version is preferred while changes are on their way: nothing is lost, nothing goes back', async () => {
    const before = (await ofGadgets()).length;
    let made = 0;
    const writing = (async () => {
      const end = Date.now() + 6000; // over two discoveries
      while (Date.now() < end) await make('v2', `many-${made++}`, { weight: made });
    })();
    const both = gadgets('v2', 'weight') as { spec: { versions: { name: string; storage: boolean }[] } };
    const [v2] = both.spec.versions;
    await rig.kube.must('PATCH', `${CRDS}/${GADGETS}`, {
      spec: { versions: [{ ...v2, name: 'v3', storage: false }, v2] },
    });
    await writing;
    await make('v2', 'last', { weight: 1 });
    await until('the last is seen', async () => (await ofGadgets()).some((r) => r.name === 'last'));
    await rig.settled();
    const records = await rig.records();
    checkStream(records);
    checkTable(await rig.rows(), records);
    assert.equal((await ofGadgets()).length, before + made + 1);
    // Storage is v2; that the object is shown as v3 is what the API server made of it.
    const versions = new Set(
      (await ofGadgets()).slice(before).map((r) => (r.object as { apiVersion: string }).apiVersion),
    );
    assert.deepEqual([...versions], ['example.com/v2', 'example.com/v3']);
  });

  test('"*" reports an event once', async () => {
    const involvedObject = { kind: 'ConfigMap', namespace: 'alpha', name: 'x', apiVersion: 'v1' };
    await rig.kube.must('POST', '/api/v1/namespaces/alpha/events', {
      metadata: { name: 'happened' },
      involvedObject,
      reason: 'Test',
    });
    await until('it is seen', async () => (await rig.records()).some((r) => r.name === 'happened'));
    await rig.settled();
    const seen = (await rig.records()).filter((r) => r.name === 'happened');
    assert.deepEqual(
      seen.map((r) => `${r.resource}.${r.group} ${r.operation}`),
      ['events. CREATED'],
    );
  });

  test('what is forbidden is said, and holds up nothing', async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rule = { apiGroups: [''], resources: ['configmaps', 'pods'], verbs: ['get', 'list', 'watch'] };
    await rig.kube.must('POST', `${rbac}/clusterroles`, { metadata: { name: 'plain' }, rules: [rule] });
    await rig.kube.must('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: 'plain' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'plain' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'plain' },
    });
    // Two that read one cluster give its changes the same ids, of which the stream takes one.
    assert.equal(await rig.program.stop(), 0);
    const plain = new Watershard();
    const kubeconfig = join(plain.folder, 'kubeconfig');
    writeFileSync(kubeconfig, rig.kube.kubeconfigText('{token: plain-token}'));
    try {
      await plain.start({
        cluster: { name: 'plain' },
        kubeconfig,
        watch: { resources: ['*'] },
        exporters: [{ name: 'bus', type: 'jetstream', servers: [rig.nats.url], stream: 'K8S' }],
      });
      await plain.ready(30);
      const state = async (id: string): Promise<StreamStatus | undefined> =>
        (await plain.status()).streams.find((s) => s.id === id);
      await until('secrets are known to be forbidden', async () => (await state('secrets'))?.state === 'forbidden');
      const secrets = await state('secrets');
      assert.equal(secrets!.lastError?.code, 'API_FORBIDDEN');
      assert.match(secrets!.lastError?.remedy ?? '', /Grant get, list and watch/);
      assert.ok((await state('configmaps'))?.synced);
      assert.equal((await plain.status()).ready, true);
      await rig.kube.must('POST', '/api/v1/namespaces/alpha/configmaps', { metadata: { name: 'allowed' } });
      await until('the allowed one is delivered', async () =>
        (await rig.records()).some((r) => r.subject === 'k8s.plain.core.configmaps.alpha.allowed'),
      );
      assert.match(plain.log, /may not list|forbidden/i);
      assert.equal(await plain.stop(), 0);
    } finally {
      await plain.kill();
    }
  });
});
