import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { item, type Json, pod, podPlan, short, Transforming } from '../support/transforming.ts';

describe('patches', () => {
  for (const diff of ['merge-patch', 'json-patch'] as const) {
    test(`${diff}: from the last delivered state, also after a restart`, () => {
      let t = new Transforming(podPlan({ diff, prune: ['metadata.managedFields', 'status'] }));
      assert.equal(t.list(false, item(pod('a', 1)), item(pod('b', 1))).records[0]?.patch, undefined);
      t = t.restart();
      const { records } = t.watch(['MODIFIED', pod('b', 2, { spec: { nodeName: 'n2' }, status: { x: 1 } })]);
      const expected =
        diff === 'merge-patch'
          ? { metadata: { resourceVersion: '2' }, spec: { nodeName: 'n2' } }
          : [
              { op: 'replace', path: '/metadata/resourceVersion', value: '2' },
              { op: 'replace', path: '/spec/nodeName', value: 'n2' },
            ];
      assert.deepEqual(records[0]?.patch, expected);
    });
  }

  test('what was suppressed in between is in the next patch', () => {
    const t = new Transforming(podPlan({ diff: 'merge-patch', ignore: ['status.beat'] }));
    t.watch(['ADDED', pod('a', 1)]);
    assert.equal(t.watch(['MODIFIED', pod('a', 2, { status: { beat: 1 } })]).result.records, 0);
    const { records } = t.restart().watch(['MODIFIED', pod('a', 3, { spec: {}, status: { beat: 2 } })]);
    assert.deepEqual(records[0]?.patch, {
      metadata: { resourceVersion: '3' },
      spec: { nodeName: null },
      status: { beat: 2 },
    });
  });

  test('an object that has gone is known from its last state', () => {
    const plan = podPlan({ diff: 'merge-patch', extract: [{ name: 'node', expression: 'object.spec.nodeName' }] });
    const t = new Transforming(plan);
    t.list(false, item(pod('a', 1)));
    const { records } = t.restart().list(true, item(pod('a', 2, {}, 'uid-2')));
    assert.deepEqual(short(records), ['DELETED RELIST ns/a uid-a:deleted', 'CREATED RELIST ns/a uid-2:2']);
    assert.equal(((records[0]!.object as Json).metadata as Json).uid, 'uid-a');
    assert.deepEqual(records[0]?.fields, { node: 'n1' });
  });
});

describe('fields', () => {
  test('may be taken of what is pruned', () => {
    const extract = [
      { name: 'node', expression: 'object.spec.nodeName' },
      { name: 'bad', expression: 'object.metadata.name + 1' },
    ];
    const t = new Transforming(podPlan({ extract, prune: ['metadata.managedFields', 'spec'] }));
    const { records, result } = t.watch(['ADDED', pod('a', 1)], ['ADDED', pod('b', 1)]);
    assert.equal((records[0]!.fields as Json).node, 'n1');
    assert.equal((records[0]!.object as Json).spec, undefined);
    assert.deepEqual(
      result.fieldErrors.map((e) => [e.field, e.count]),
      [['bad', 2]],
    );
  });
});

describe('a secret value appears nowhere', () => {
  const resource = { group: '', version: 'v1', kind: 'Secret', resource: 'secrets', namespaced: true };
  const value = Buffer.from('hunter2').toString('base64');
  const applied = JSON.stringify({
    apiVersion: 'v1',
    data: { password: value },
    kind: 'Secret',
    metadata: { name: 's' },
  });
  const secret = (rv: number, data: Json, annotations: Json = {}): Json => ({
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 's', namespace: 'ns', uid: 'u', resourceVersion: String(rv), labels: { a: 'b' }, annotations },
    data,
    type: 'Opaque',
  });
  const plan = podPlan({
    stream: { id: 'secrets', resource, metadataOnly: false },
    redact: ['data', 'stringData'],
    diff: 'json-patch',
    extract: [{ name: 'password', expression: 'object.data.password' }],
    lanes: (['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect', 'rows'] as const).map((encoding) => ({
      exporter: encoding,
      encoding,
    })),
  });

  const leaks = (bytes: ArrayBuffer | Uint8Array): boolean => {
    const b = Buffer.from(bytes as ArrayBuffer);
    return b.includes(value) || b.includes('hunter2') || b.includes('H4sI');
  };

  // Of which nothing but the encoders wants the object: they write it from where it was read.
  const bare = podPlan({
    ...plan,
    diff: 'none',
    extract: [],
    lanes: plan.lanes.filter((l) => l.encoding !== 'kollect'),
  });
  const nowhere = (plan: StreamPlan) => () => {
    const t = new Transforming(plan);
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': applied,
      'example.com/copy': `\n {"stringData":{"password":"hunter2"}}`,
      'example.com/list': JSON.stringify([{ kind: 'Secret', data: { password: 'hunter2' } }]),
      'objectset.rio.cattle.io/applied': 'H4sIAAAAAAAA',
      'example.com/plain': `the value is ${value}.`,
      'example.com/harmless': '{"cni":"10.0.0.1"}',
    };
    const results = [
      t.list(false, item(secret(1, { password: value }, annotations))).page,
      t.watch(['MODIFIED', secret(2, { password: `${value}x`, other: value }, annotations)]).result,
      t.watch(['DELETED', secret(3, { password: value }, annotations)]).result,
      t.lines(`{"type":"MODIFIED","object":{"metadata":{"name":"s"},"data":{"password":"${value}"}\n`).result,
    ];
    assert.deepEqual(
      results.map((r) => r.records),
      [1, 1, 1, 0],
    );
    for (const r of results) {
      for (const lane of r.lanes) assert.ok(lane === null || !leaks(lane));
      assert.ok(!leaks(Buffer.from(JSON.stringify([r.failures, r.fieldErrors]))));
      assert.ok(!leaks(r.delta));
    }
    const object = t.watch(['ADDED', secret(4, { password: value, n: 5 }, annotations)]).records[0]!.object as Json;
    assert.deepEqual(object.data, { password: '[REDACTED]', n: '[REDACTED]' });
    const kept = (object.metadata as { annotations: Json }).annotations;
    assert.deepEqual(kept, {
      ...Object.fromEntries(Object.keys(annotations).map((k) => [k, '[REDACTED]'])),
      'example.com/harmless': '{"cni":"10.0.0.1"}',
    });
  };
  test('in data, annotations, fields, patches, lanes, the known set and failures', nowhere(plan));
  test('nor where no rule looks into the object', nowhere(bare));

  test('a change of a secret value is a change, with an empty patch', () => {
    const t = new Transforming(plan);
    t.watch(['ADDED', secret(1, { password: 'b25l' })]);
    const { records } = t.watch(['MODIFIED', secret(2, { password: 'dHdv' })]);
    assert.equal(records[0]?.operation, 'UPDATED');
    assert.deepEqual(records[0]?.patch, [{ op: 'replace', path: '/metadata/resourceVersion', value: '2' }]);
    assert.deepEqual(records[0]?.fields, { password: '[REDACTED]' });
  });

  test('a field of a pruned secret is redacted all the same', () => {
    const t = new Transforming({ ...plan, prune: ['data'], lanes: [{ exporter: 'a', encoding: 'json' }] });
    const { records } = t.watch(['ADDED', secret(1, { password: value })]);
    assert.deepEqual(records[0]?.fields, { password: '[REDACTED]' });
    assert.equal((records[0]!.object as Json).data, undefined);
  });

  test('redacted labels are redacted everywhere', () => {
    const t = new Transforming({ ...plan, redact: ['metadata.labels'], lanes: [{ exporter: 'a', encoding: 'rows' }] });
    const { result } = t.watch([
      'ADDED',
      {
        ...secret(1, {}),
        metadata: { name: 's', namespace: 'ns', uid: 'u', resourceVersion: '1', labels: { a: 'hunter2' } },
      },
    ]);
    assert.equal(result.records, 1);
    assert.ok(!leaks(result.lanes[0] as ArrayBuffer));
  });
});

test('an object of which everything is cut is still valid JSON', () => {
  const t = new Transforming(podPlan({ prune: ['metadata', 'spec', 'kind', 'apiVersion'] }));
  assert.deepEqual(t.list(false, item(pod('a', 1))).records[0]?.object, { kind: 'Pod', apiVersion: 'v1' });
});

test('metadata only: kind as on the wire', () => {
  const base = podPlan();
  const t = new Transforming({ ...base, stream: { ...base.stream, metadataOnly: true } });
  const object = t.list(false, item(pod('a', 1))).records[0]!.object as Json;
  assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1']);
});
