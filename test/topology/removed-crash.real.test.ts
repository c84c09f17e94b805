import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkStream } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { until } from '../support/until.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = 'gadgets.example.com';
const CRD = {
  metadata: { name: GADGETS },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};
/** A pass over a long text for each word: the thread is at work on it until it is ended. */
const RULE = {
  resources: ['configmaps'],
  extract: { found: "object.data.many.split(',').exists(w, w + 'z' in object.data.long.split(','))" },
};
const ENDLESS = { many: ','.repeat(200_000), long: ','.repeat(200_000) };

describe('a worker thread ends while the deletes of a removed CRD are on their way through it', () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.start();
    await rig.kube.must('POST', '/api/v1/namespaces', { metadata: { name: 'alpha' } });
    await makeGadgets('one', 'two');
  });
  after(() => rig.stop());

  async function makeGadgets(...names: string[]): Promise<void> {
    await rig.kube.must('POST', CRDS, CRD);
    for (const name of names) {
      const body = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name } };
      const path = '/apis/example.com/v1/namespaces/alpha/gadgets';
      await until(`${name} can be made`, async () => (await rig.kube.call('POST', path, body)).status === 201, 20);
    }
  }
  /** Of changes. After a crash a gap marker may say that the position had expired meanwhile. */
  const changes = async (): Promise<string[]> =>
    (await rig.records())
      .filter((r) => r.resource === 'gadgets' && r.operation !== 'GAP')
      .map((r) => `${r.name} ${r.operation}`);
  const logged = (text: string): number => rig.program.log.split(text).length - 1;

  /** The thread is busy with this object from its creation on, until it is ended for it. */
  async function busy(name: string): Promise<void> {
    const configmaps = '/api/v1/namespaces/alpha/configmaps';
    await rig.kube.must('POST', configmaps, { metadata: { name }, data: ENDLESS });
  }

  async function removeWhileBusy(name: string): Promise<void> {
    const removed = logged('the resource is not served any more');
    const ended = logged('a worker thread ended');
    await busy(name);
    await rig.kube.must('DELETE', `${CRDS}/${GADGETS}`);
    await until('its stream is told to go', async () => logged('the resource is not served any more') > removed, 30);
    assert.equal(logged('a worker thread ended'), ended, 'the thread was to end later');
    await until('the thread has ended', async () => logged('a worker thread ended') > ended, 60);
  }

  test('the deletes are sent all the same, and the program is ready again', async () => {
    await rig.program.start(
      rig.config({
        watch: {
          resources: ['configmaps', GADGETS],
          namespaces: { exclude: ['kube-system'] },
          discoveryInterval: '500ms',
        },
        rules: [RULE],
        workers: 1,
        flow: { taskTimeout: '10s' },
      }),
    );
    await rig.program.ready();
    await until('its objects are seen', async () => (await changes()).length === 2);
    await removeWhileBusy('poison-once');
    await until('its deletes are seen', async () => (await changes()).length === 4, 60);
    assert.deepEqual((await changes()).sort(), ['one DELETED', 'one SNAPSHOT', 'two DELETED', 'two SNAPSHOT']);
    await rig.program.ready(60);
    assert.deepEqual((await rig.program.status()).reasons, []);
    await until('its series have gone', async () => !(await rig.program.metrics()).includes(GADGETS));
  });

  test('made again before the stream has begun again: its objects flow, and what went is deleted', async () => {
    await until('the object before is set aside', async () => logged('an object was set aside') > 0);
    await makeGadgets('three');
    await until('its object is seen', async () => (await changes()).length === 5);
    await rig.program.ready();
    await removeWhileBusy('poison-again');
    await makeGadgets('four');
    await until('both are seen', async () => (await changes()).length === 7);
    assert.deepEqual((await changes()).slice(4).sort(), ['four CREATED', 'three CREATED', 'three DELETED']);
    await rig.program.ready();
    await rig.settled();
    checkStream(await rig.records());
    assert.equal((await changes()).length, 7);
  });
});
