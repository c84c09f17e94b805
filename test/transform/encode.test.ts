import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '@msgpack/msgpack';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { cloudEventHeaders, cloudEventSource } from '../../src/model/cloudevents.ts';
import type { LaneRecord } from '../../src/model/lane.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord, RecordContext } from '../../src/model/record.ts';
import { readRow } from '../../src/model/row.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import type { LanePlan } from '../../src/transform/plan.ts';
import { PODS, podRecord } from './sample-record.ts';

function encoded(
  lane: Partial<LanePlan>,
  records: readonly ChangeRecord[],
  context: RecordContext = PODS,
): LaneRecord[] {
  const encoder = createEncoder({ exporter: 'x', encoding: 'json', ...lane }, context);
  const writer = new LaneWriter();
  for (const record of records) encoder.append(record, writer);
  const reader = new LaneReader(writer.finish());
  return Array.from({ length: reader.count }, (_, i) => reader.at(i));
}

const text = (record: LaneRecord | undefined): string => Buffer.from(record?.payload ?? []).toString();
const GAP = podRecord({
  id: 'gap:1',
  operation: 'GAP',
  detectedBy: 'RELIST',
  namespace: '',
  name: '',
  uid: '',
  resourceVersion: '',
  fields: undefined,
  object: undefined,
  patch: undefined,
});

describe('json', () => {
  test('has every field, and the object as the bytes it was', () => {
    const object = Buffer.from('{ "metadata" : {"name":"web-0"}, "n": 9007199254740993 }');
    const payload = text(encoded({}, [podRecord({ object })])[0]);
    assert.ok(payload.includes(`"object":${object.toString()},`));
    assert.deepEqual(JSON.parse(payload), {
      id: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:48211',
      operation: 'UPDATED',
      cluster: 'demo',
      clusterUid: '6f5c2f9e-0c44-4f0e-8f6e-1d2a3b4c5d6e',
      group: '',
      version: 'v1',
      kind: 'Pod',
      resource: 'pods',
      namespace: 'team-a',
      name: 'web-0',
      uid: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11',
      resourceVersion: '48211',
      observedAt: '2026-01-02T00:00:00.123456Z',
      detectedBy: 'WATCH',
      fields: { phase: 'Running', restarts: 3, load: 1 },
      object: JSON.parse(object.toString()),
      patch: { status: { phase: 'Running' } },
    });
  });

  test('what is absent has no key; a cluster-scoped object has the namespace ""', () => {
    const json = JSON.parse(text(encoded({}, [GAP])[0])) as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(json).filter((k) => ['fields', 'object', 'patch'].includes(k)),
      [],
    );
    assert.equal(json.namespace, '');
  });

  test('integers are exact, and NaN and the infinities are null', () => {
    const payload = text(
      encoded({}, [
        podRecord({ fields: { i: 9223372036854775807n, n: Number.NaN, inf: [Number.POSITIVE_INFINITY], d: 0.1 } }),
      ])[0],
    );
    assert.match(payload, /"fields":\{"i":9223372036854775807,"n":null,"inf":\[null\],"d":0\.1\}/);
  });

  test('whatever the names, it is JSON and they come back', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.dictionary(fc.string(), fc.string()),
        (name, cluster, fields) => {
          const [record] = encoded({}, [podRecord({ name, fields: { ...fields } })], { ...PODS, cluster });
          const json = JSON.parse(text(record)) as Record<string, unknown>;
          assert.deepEqual([json.name, json.cluster, json.fields], [name, cluster, { ...fields }]);
        },
      ),
    );
  });

  test('records of different lengths do not run into one another', () => {
    const records = [
      podRecord(),
      GAP,
      podRecord({ object: Buffer.from(JSON.stringify('x'.repeat(200_000))) }),
      podRecord(),
    ];
    const lanes = encoded({}, records);
    assert.deepEqual(
      lanes.map((r) => (JSON.parse(text(r)) as { id: string }).id),
      records.map((r) => r.id),
    );
    assert.equal(text(lanes[0]), text(lanes[3]));
  });
});

describe('lane', () => {
  test('has subject, key and id beside the payload', () => {
    const [record] = encoded({ subject: 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}' }, [podRecord()], {
      ...PODS,
      group: 'apps',
      resource: 'deployments',
    });
    assert.equal(record?.subject, 'k8s.demo.apps.deployments.team-a.web-0');
    assert.equal(record?.key, 'deployments.apps/team-a/web-0');
    assert.equal(record?.id, '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:48211');
    assert.equal(record?.operation, 'UPDATED');
  });

  test('has no subject where none was asked for', () => {
    assert.equal(encoded({}, [podRecord()])[0]?.subject, '');
  });
});

describe('msgpack', () => {
  const decoded = (record: ChangeRecord): Record<string, unknown> =>
    decode(encoded({ encoding: 'msgpack' }, [record])[0]?.payload as Uint8Array, { useBigInt64: true }) as Record<
      string,
      unknown
    >;

  test('is the same map as json', () => {
    const json = JSON.parse(text(encoded({}, [podRecord()])[0])) as unknown;
    assert.deepEqual(decoded(podRecord()), json);
    assert.deepEqual(decoded(GAP), JSON.parse(text(encoded({}, [GAP])[0])));
  });

  test('integers are exact up to 64 bits, and never floats', () => {
    const object = Buffer.from(
      '{"a":9007199254740993,"b":5000000000,"c":18446744073709551615,"d":[-5000000000],"e":7,"f":1.5,"g":4294967295}',
    );
    const fields = { i: 9223372036854775807n, small: 7n, n: Number.NaN };
    const map = decoded(podRecord({ object, fields }));
    assert.deepEqual(map.object, {
      a: 9007199254740993n,
      b: 5000000000n,
      c: 18446744073709551615n,
      d: [-5000000000n],
      e: 7,
      f: 1.5,
      g: 4294967295,
    });
    assert.deepEqual(map.fields, { i: 9223372036854775807n, small: 7, n: null });
  });
});

describe('protobuf', () => {
  test('is read by the schema in proto/', async () => {
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => new URL(`../../proto/${target}`, import.meta.url).pathname;
    await root.load('watershard/record/v1/record.proto');
    const type = root.lookupType('watershard.record.v1.ChangeRecord');
    const read = (record: ChangeRecord): Record<string, unknown> =>
      type.toObject(type.decode(encoded({ encoding: 'protobuf' }, [record])[0]?.payload as Uint8Array), {
        enums: String,
        longs: Number,
        bytes: Array,
      });
    const message = read(podRecord());
    const json = JSON.parse(text(encoded({}, [podRecord()])[0])) as Record<string, unknown>;
    const bytes = (name: string): string => Buffer.from(message[name] as number[]).toString();
    for (const name of [
      'id',
      'cluster',
      'clusterUid',
      'version',
      'kind',
      'resource',
      'namespace',
      'name',
      'uid',
      'resourceVersion',
    ]) {
      assert.equal(message[name], json[name], name);
    }
    assert.equal(message.operation, 'OPERATION_UPDATED');
    assert.equal(message.detectedBy, 'DETECTED_BY_WATCH');
    assert.deepEqual(message.observedAt, { seconds: 1_767_312_000, nanos: 123_456_000 });
    assert.equal(bytes('fields'), '{"phase":"Running","restarts":3,"load":1.0}');
    assert.deepEqual(JSON.parse(bytes('object')), json.object);
    assert.deepEqual(JSON.parse(bytes('patch')), json.patch);

    const gap = read(GAP);
    assert.equal(gap.operation, 'OPERATION_GAP');
    assert.deepEqual([gap.object, gap.patch, gap.fields], [undefined, undefined, undefined]);
  });
});

describe('cloudevents', () => {
  test('structured: one JSON document with the record as data', () => {
    const [record] = encoded({ encoding: 'cloudevents', cloudEvents: 'structured' }, [podRecord()]);
    assert.deepEqual(JSON.parse(text(record)), {
      specversion: '1.0',
      id: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:48211',
      source: '/clusters/demo/core/pods',
      type: 'dev.watershard.resource.updated',
      subject: 'team-a/web-0',
      partitionkey: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11',
      sequence: '00000000000000048211',
      time: '2026-01-02T00:00:00.123456Z',
      datacontenttype: 'application/json',
      data: JSON.parse(text(encoded({}, [podRecord()])[0])),
    });
  });

  test('a gap has no subject and no sequence', () => {
    const event = JSON.parse(text(encoded({ encoding: 'cloudevents' }, [GAP])[0])) as Record<string, unknown>;
    assert.deepEqual(
      [event.type, event.subject, event.sequence, event.partitionkey],
      ['dev.watershard.resource.gap', undefined, undefined, 'pods//'],
    );
  });

  test('binary: the payload is the record, and the attributes are made of what the lane has', () => {
    const [record] = encoded({ encoding: 'cloudevents', cloudEvents: 'binary' }, [podRecord({ name: 'grün "x"%' })]);
    assert.equal((JSON.parse(text(record)) as { name: string }).name, 'grün "x"%');
    assert.deepEqual(
      cloudEventHeaders(
        cloudEventSource({ cluster: 'a/b c', group: 'apps', resource: 'deployments' }),
        record as LaneRecord,
      ),
      {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:48211',
        'ce-source': '/clusters/a%252Fb%2520c/apps/deployments',
        'ce-type': 'dev.watershard.resource.updated',
        'ce-subject': 'team-a/gr%C3%BCn%20%22x%22%25',
        'ce-partitionkey': '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11',
        'ce-sequence': '00000000000000048211',
      },
    );
  });

  test('cluster-scoped objects, deletes and objects without uid', () => {
    const headers = (id: string, key: string, operation: 'DELETED' | 'UPDATED') =>
      cloudEventHeaders('/s', { id, key, operation });
    const node = headers('u-1:deleted', 'nodes//n1', 'DELETED');
    assert.deepEqual([node['ce-subject'], node['ce-partitionkey'], node['ce-sequence']], ['n1', 'u-1', undefined]);
    const restored = headers('u-1:7:2', 'pods/a/p', 'UPDATED');
    assert.deepEqual([restored['ce-partitionkey'], restored['ce-sequence']], ['u-1', '00000000000000000007']);
    const virtual = headers('componentstatuses//a:b:12', 'componentstatuses//a:b', 'UPDATED');
    assert.deepEqual(
      [virtual['ce-subject'], virtual['ce-partitionkey'], virtual['ce-sequence']],
      ['a:b', 'componentstatuses//a:b', '00000000000000000012'],
    );
  });
});

describe('rows', () => {
  test('are packed with their fields', () => {
    const [record] = encoded({ encoding: 'rows' }, [podRecord()]);
    const row = readRow(record?.payload as Uint8Array);
    assert.equal(row.name, 'web-0');
    assert.deepEqual(row.fields, { phase: 'Running', restarts: 3n, load: 1 });
  });
});
