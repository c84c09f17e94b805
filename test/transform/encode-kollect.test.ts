import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord } from '../../src/model/record.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { type KollectPayload, type Time, writeEnvelope } from '../../src/transform/encode-kollect.ts';
import { parseGoJson, writeGoJson } from '../../src/transform/go-json.ts';
import { readKollectEvent } from '../support/kollect-events.ts';
import { item, type Json, podPlan, Transforming } from '../support/transforming.ts';
import { PODS, podRecord } from './sample-record.ts';

function encodeKollect(record: ChangeRecord, clusterId?: string): Uint8Array {
  const lane = { exporter: 'x', encoding: 'kollect' as const, ...(clusterId === undefined ? {} : { clusterId }) };
  const writer = new LaneWriter();
  createEncoder(lane, PODS).append(record, writer);
  return new LaneReader(writer.finish()).at(0).payload;
}

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('envelopes of kollect', () => {
  const golden = new Map(
    readFileSync(new URL('../fixtures/kollect-envelopes.hex.txt', import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  const uid = '11111111-2222-3333-4444-555555555555';
  const object = (data?: Json): string => {
    const metadata = { namespace: 'default', name: 'cm', uid };
    return writeGoJson({ metadata, kind: 'ConfigMap', apiVersion: 'v1', ...(data === undefined ? {} : { data }) });
  };
  const id = '00000000-0000-1000-8000-000000000001';
  const at = { seconds: 1_714_979_289, nanos: 123_456_789 };
  const applies = { seconds: 1_714_979_280, nanos: 0 };
  const cases: readonly [string, string, Time, string, KollectPayload][] = [
    ['created', id, applies, 'c1', { type: 'created', uid, resource: object() }],
    ['updated', id, applies, 'c1', { type: 'updated', uid, before: object(), after: object({ a: 'b' }) }],
    ['deleted', id, applies, 'c1', { type: 'deleted', uid }],
    ['zerotime', 'x', { seconds: -62_135_596_800, nanos: 0 }, '', { type: 'deleted', uid: 'u' }],
  ];
  for (const [name, eventId, appliesAt, cluster, payload] of cases) {
    test(`${name}: byte for byte what kollect wrote`, () => {
      assert.equal(
        Buffer.from(writeEnvelope(eventId, at, appliesAt, cluster, payload)).toString('hex'),
        golden.get(name),
      );
    });
  }
  test('none of them was left out', () =>
    assert.deepEqual(
      [...golden.keys()],
      cases.map(([name]) => name),
    ));
});

describe('encoding kollect', () => {
  const pod = (changes: Json = {}): Json => ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'web-0', uid: 'u-1', creationTimestamp: '2026-01-01T10:00:00Z', ...(changes.metadata as object) },
    spec: { command: ['a <b> & c'] },
  });
  const observed = { seconds: 1_767_312_000, nanos: 123_456_000 };

  test('created: the object sorted as Go sorts it, and it applies at its creation', () => {
    for (const operation of ['SNAPSHOT', 'CREATED'] as const) {
      const event = readKollectEvent(encodeKollect(podRecord({ operation, uid: 'u-1', object: bytes(pod()) })));
      assert.equal(event.type, 'ResourceCreatedEvent');
      assert.deepEqual([event.uid, event.clusterId], ['u-1', 'demo']);
      assert.equal(
        event.resource,
        '{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-01-01T10:00:00Z","name":"web-0","uid":"u-1"},"spec":{"command":["a \\u003cb\\u003e \\u0026 c"]}}\n',
      );
      assert.deepEqual(event.appliesAt, { seconds: 1_767_261_600, nanos: 0 });
      assert.deepEqual(event.timestamp, observed);
    }
  });

  test("created without a creationTimestamp applies at Go's zero time", () => {
    const object = bytes({ kind: 'Pod', metadata: { creationTimestamp: null } });
    const event = readKollectEvent(encodeKollect(podRecord({ operation: 'CREATED', object })));
    assert.deepEqual(event.appliesAt, { seconds: -62_135_596_800, nanos: 0 });
  });

  test('updated: then and now, and it applies when it was seen', () => {
    const before = pod();
    const after = pod({ metadata: { labels: { a: 'b' } } });
    const event = readKollectEvent(encodeKollect(podRecord({ object: bytes(after), previous: bytes(before) })));
    assert.equal(event.type, 'ResourceUpdatedEvent');
    assert.deepEqual([JSON.parse(event.then ?? ''), JSON.parse(event.now ?? '')], [before, after]);
    assert.deepEqual(event.appliesAt, observed);
  });

  test('an update of what is not known is told as created, as kollect tells what it sees first', () => {
    assert.equal(readKollectEvent(encodeKollect(podRecord({ operation: 'UPDATED' }))).type, 'ResourceCreatedEvent');
  });

  test('deleted: uid and cluster alone, and it applies at the deletionTimestamp, else when it was seen', () => {
    const object = bytes(pod({ metadata: { deletionTimestamp: '2026-01-01T11:00:00Z' } }));
    const event = readKollectEvent(encodeKollect(podRecord({ operation: 'DELETED', uid: 'u-1', object })));
    assert.deepEqual([event.type, event.uid, event.clusterId], ['ResourceDeletedEvent', 'u-1', 'demo']);
    assert.deepEqual(event.appliesAt, { seconds: 1_767_265_200, nanos: 0 });
    const unseen = readKollectEvent(encodeKollect(podRecord({ operation: 'DELETED', object: undefined })));
    assert.deepEqual(unseen.appliesAt, observed);
  });

  test('the id is a UUID of the form of version 1, the same for the same record and another for another', () => {
    const ids = [podRecord(), podRecord(), podRecord({ id: 'u:2' })].map((r) => readKollectEvent(encodeKollect(r)).id);
    assert.match(ids[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
  });

  test('the cluster may go by another name, also by none', () => {
    assert.equal(readKollectEvent(encodeKollect(podRecord(), 'c1')).clusterId, 'c1');
    assert.equal(readKollectEvent(encodeKollect(podRecord(), '')).clusterId, '');
  });

  test('a gap has no word in kollect: nothing to send', () => {
    assert.equal(encodeKollect(podRecord({ operation: 'GAP', object: undefined })).length, 0);
  });

  test('keeps the object before without any rule, also over a restart, and makes no patches of it', () => {
    const plan = podPlan({
      lanes: [
        { exporter: 'k', encoding: 'kollect' },
        { exporter: 'j', encoding: 'json' },
      ],
    });
    const version = (rv: number, phase: string): Json => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: String(rv) },
      status: { phase },
    });
    let t = new Transforming(plan);
    const phases = (result: { readonly lanes: readonly (ArrayBuffer | null)[] }): (string | undefined)[] => {
      const { type, resource, then, now } = readKollectEvent(
        new LaneReader(result.lanes[0] as ArrayBuffer).at(0).payload,
      );
      const phase = (text?: string): string | undefined =>
        text === undefined || text === ''
          ? undefined
          : (JSON.parse(text) as { status: { phase: string } }).status.phase;
      assert.ok(!Buffer.from(new LaneReader(result.lanes[1] as ArrayBuffer).at(0).payload).includes('"patch"'));
      return [type, phase(resource), phase(then), phase(now)];
    };
    assert.deepEqual(phases(t.list(false, item(version(1, 'A'))).page), [
      'ResourceCreatedEvent',
      'A',
      undefined,
      undefined,
    ]);
    assert.deepEqual(phases(t.watch(['MODIFIED', version(2, 'B')]).result), [
      'ResourceUpdatedEvent',
      undefined,
      'A',
      'B',
    ]);
    t = t.restart();
    assert.deepEqual(phases(t.watch(['MODIFIED', version(3, 'C')]).result), [
      'ResourceUpdatedEvent',
      undefined,
      'B',
      'C',
    ]);
  });
});

describe("JSON as Go's encoding/json writes it", () => {
  const rewritten = (text: string): string => writeGoJson(parseGoJson(Buffer.from(text)));

  test('keys in the order of their bytes, numeric ones among them', () => {
    assert.equal(
      rewritten('{"b":1,"10":2,"9":3,"a":{"z":null,"y":true},"B":4}'),
      '{"10":2,"9":3,"B":4,"a":{"y":true,"z":null},"b":1}\n',
    );
    assert.equal(rewritten('{"\u{1f600}":1,"\uffee":2}'), '{"\uffee":2,"\u{1f600}":1}\n');
  });

  test('escapes what HTML and JavaScript would stumble over', () => {
    assert.equal(rewritten('{"<a>&":"\u2028\u2029é"}'), '{"\\u003ca\\u003e\\u0026":"\\u2028\\u2029é"}\n');
  });

  test('integers of 64 bits are exact, larger ones and fractions are doubles', () => {
    assert.equal(
      rewritten('[9223372036854775807,-9223372036854775808,1.50,1.0]'),
      '[9223372036854775807,-9223372036854775808,1.5,1]\n',
    );
    assert.equal(rewritten('[18446744073709551616,1e21,0.0000001]'), '[18446744073709552000,1e+21,1e-7]\n');
  });

  test('a member named __proto__ is a member', () => {
    assert.equal(rewritten('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}\n');
  });
});
