import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkTable } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { until } from '../support/until.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha', 'beta'];
const SMALL = KINDS.filter((k) => ['configmaps', 'pods', 'widgets.example.com'].includes(k.name));

describe('promise 4: a restart resumes, and a lost position is made up for by comparing', () => {
  let rig: Rig;
  let workload: Workload;
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 2, NAMESPACES, SMALL);
    await workload.prepare();
    await workload.create(3000);
    await rig.program.start(rig.config());
    await rig.program.ready(90);
    await rig.settled();
    assert.equal(await rig.program.stop(), 0);
  });
  after(() => rig.stop());

  /** Without what the API server itself writes when a pod is deleted: an update that sets deletionTimestamp. */
  const ours = (records: readonly SeenRecord[]): SeenRecord[] =>
    records.filter((r) => NAMESPACES.includes(r.namespace) && !(r.operation === 'UPDATED' && isDeleting(r)));
  const isDeleting = (r: SeenRecord): boolean =>
    (r.object as { metadata: { deletionTimestamp?: string } }).metadata.deletionTimestamp !== undefined;

  async function changeWhileDown(): Promise<{ updated: string[]; deleted: string[]; created: string[] }> {
    const keys = [...workload.living.keys()];
    const start = workload.writes.length;
    for (const key of keys.slice(0, 100)) await workload.update(key);
    const gone = keys.slice(100, 1100).map((key) => ({ key, ...workload.living.get(key)! }));
    await Promise.all(gone.map((o) => workload.remove(o.key)));
    for (const o of gone.slice(0, 100)) await workload.createOne(o.kind, o.namespace, o.name);
    const writes = workload.writes.slice(start);
    const ids = (operation: string): string[] =>
      writes
        .filter((w) => w.operation === operation)
        .map((w) => `${w.uid}:${w.resourceVersion}`)
        .sort();
    return { updated: ids('UPDATED'), deleted: gone.map((o) => `${o.uid}:deleted`).sort(), created: ids('CREATED') };
  }

  async function checkMadeUp(
    expected: { updated: string[]; deleted: string[]; created: string[] },
    before: number,
    by: string,
  ): Promise<void> {
    const fresh = ours((await rig.records()).slice(before));
    const ids = (operation: string): string[] =>
      fresh
        .filter((r) => r.operation === operation)
        .map((r) => r.id)
        .sort();
    assert.deepEqual(ids('UPDATED'), expected.updated);
    assert.deepEqual(ids('DELETED'), expected.deleted);
    assert.deepEqual(ids('CREATED'), expected.created);
    assert.equal(fresh.length, 1200);
    assert.ok(
      fresh.every((r) => r.detectedBy === by),
      `all were detected by ${by}`,
    );
    const records = await rig.records();
    checkStream(records);
    checkLiving(records, workload, NAMESPACES);
    checkTable(await rig.rows(), records);
  }

  test('100 changed, 1,000 deleted, 100 made again while down, position still valid: exactly those, by the watch', async () => {
    const before = (await rig.records()).length;
    const expected = await changeWhileDown();
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.equal(await rig.program.stop(), 0);
    await checkMadeUp(expected, before, 'WATCH');
  });

  test('the same with the position gone: exactly those, by comparing, with the old uids in the tombstones', async () => {
    const before = (await rig.records()).length;
    const expected = await changeWhileDown();
    await rig.kube.compact();
    await rig.kube.restartApi();
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.equal(await rig.program.stop(), 0);
    await checkMadeUp(expected, before, 'RELIST');
  });

  test('no change and the position gone: nothing of ours is sent', async () => {
    const before = (await rig.records()).length;
    await rig.kube.compact();
    await rig.kube.restartApi();
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.deepEqual(ours((await rig.records()).slice(before)), []);
    assert.equal(await rig.program.stop(), 0);
  });

  test('a resource that was removed while down: its objects are reported as deleted', async () => {
    const before = (await rig.records()).length;
    const widgets = [...workload.living.values()].filter((o) => o.kind.name === 'widgets.example.com');
    await rig.kube.must('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com');
    await until(
      'it is not served',
      async () => (await rig.kube.call('GET', '/apis/example.com/v1/widgets')).status === 404,
    );
    await rig.program.start(rig.config());
    await rig.program.ready();
    await until('the deletes are there', async () => (await rig.records()).length >= before + widgets.length);
    await rig.settled();
    const fresh = ours((await rig.records()).slice(before));
    assert.deepEqual(fresh.map((r) => r.id).sort(), widgets.map((o) => `${o.uid}:deleted`).sort());
    assert.equal(await rig.program.stop(), 0);
    await rig.program.start(rig.config());
    await rig.program.ready();
    await rig.settled();
    assert.equal(ours((await rig.records()).slice(before)).length, widgets.length, 'and only once');
  });
});
