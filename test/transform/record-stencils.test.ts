import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LaneWriter } from '../../src/model/lane.ts';
import { loadText } from '../../src/model/loaded-text.ts';
import { type ChangeRecord, DETECTED_BY, OPERATIONS, type RecordContext } from '../../src/model/record.ts';
import { DeliveredObject } from '../../src/transform/delivered-object.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { LanePlan, StreamPlan } from '../../src/transform/plan.ts';
import { ReadRecord } from '../../src/transform/read-record.ts';
import { PODS } from './sample-record.ts';

const PLAN = { ignore: [], prune: ['metadata.managedFields'], redact: [], extract: [] } as never as StreamPlan;
const FRAME = { stream: 'K8S', replyLength: 30 };
const LANES: readonly Partial<LanePlan>[] = [
  { encoding: 'json' },
  { encoding: 'json', subject: 'k8s.{cluster}.{group}.{resource}.{namespace}.{name}.{operation}', frame: FRAME },
  { encoding: 'json', subject: `k8s.${'x'.repeat(1000)}.{namespace}.{name}`, frame: FRAME },
  { encoding: 'json', subject: 'k8s.{name}.{namespace}' },
  { encoding: 'cloudevents', cloudEvents: 'structured', subject: 'k8s.{name}', frame: FRAME },
  { encoding: 'cloudevents', cloudEvents: 'binary', subject: 'k8s.{name}', frame: FRAME },
  { encoding: 'msgpack', subject: 'k8s.{name}', frame: FRAME },
  { encoding: 'protobuf' },
  { encoding: 'rows' },
];
const CONTEXTS: readonly RecordContext[] = [
  PODS,
  // Texts that a careless stencil would take for places of its own.
  { ...PODS, cluster: 'one.sample', clusterUid: 'another%2Eone', group: '\x7fv', kind: 'a.sample another.one' },
];

const letters = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
const name = fc.oneof(
  { weight: 6, arbitrary: letters('abcz09-.', 20) },
  { weight: 1, arbitrary: letters('a.', 253) },
  { weight: 1, arbitrary: letters('a-', 1500) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((s) => s.toWellFormed()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('_', ':', 'a/b', '%2E', '"', '\\', '\n', 'one.sample', 'another.one', 'one%2Esample'),
  },
);
const object = fc.record({
  namespace: fc.oneof(fc.constant(undefined), fc.constant(''), name),
  name,
  uid: fc.oneof({ weight: 5, arbitrary: fc.uuid() }, fc.constant(undefined), name),
  resourceVersion: fc.oneof({ weight: 5, arbitrary: letters('0123456789', 12) }, fc.constant(undefined), name),
});

test('a record of an object as it was read is written as one of texts is', () => {
  const encoders = LANES.map((lane) =>
    CONTEXTS.map((context) => createEncoder({ exporter: 'x', encoding: 'json', ...lane }, context)),
  );
  let stencils = 0;
  const record = new ReadRecord(
    new DeliveredObject(PLAN),
    (reader, version) => `${reader.uid === '' ? `pods/${reader.key.text}` : reader.uid}:${version}`,
  );
  const reader = new ObjectReader(objectTrie(PLAN), {
    id: 'pods',
    resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
    metadataOnly: false,
  } as never);
  fc.assert(
    fc.property(
      fc.array(object, { minLength: 1, maxLength: 4 }),
      fc.nat({ max: LANES.length - 1 }),
      fc.nat({ max: 1 }),
      fc.constantFrom(...OPERATIONS.slice(0, 4)),
      fc.constantFrom(...DETECTED_BY),
      fc.boolean(),
      fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_000_000_003 }),
      (objects, lane, context, operation, detectedBy, managed, observedAt) => {
        const encoder = encoders[lane]?.[context];
        assert.ok(encoder !== undefined);
        const [asRead, asTexts] = [new LaneWriter(), new LaneWriter()];
        for (const metadata of objects) {
          const b = loadText(
            Buffer.from(JSON.stringify({ metadata: { ...metadata, ...(managed ? { managedFields: [] } : {}) } })),
          );
          assert.ok(reader.read(b, 0, b.length) > 0);
          Object.assign(record, { operation, detectedBy, observedAt });
          record.of(reader, true);
          record.deliver(undefined, true);
          if (record.plain !== undefined) stencils++;
          encoder.append(record, asRead);
          encoder.append(texts(record), asTexts);
        }
        assert.deepEqual(Buffer.from(asRead.finish()), Buffer.from(asTexts.finish()));
      },
    ),
    { numRuns: 6000 },
  );
  assert.ok(stencils > 1000, `${stencils}`);
});

/** What it says, without what it is made of. */
function texts({ id, operation, detectedBy, namespace, name, uid, resourceVersion, observedAt, object }: ReadRecord) {
  const record: ChangeRecord = {
    id,
    operation,
    detectedBy,
    namespace,
    name,
    uid,
    resourceVersion,
    observedAt,
    object,
    labels: undefined,
    fields: undefined,
    patch: undefined,
  };
  return record;
}
