import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/model/byte-writer.ts';
import { fieldsFromJson, fieldsToJson } from '../../src/model/field-json.ts';
import type { ChangeRecord, FieldValue } from '../../src/model/record.ts';
import { packRow, readRow } from '../../src/model/row.ts';
import { fuzz } from '../support/fuzz.ts';
import { podRecord } from '../transform/sample-record.ts';

const fieldValue = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
  ),
})).value;

function packed(record: ChangeRecord): Buffer {
  const out = new ByteWriter();
  packRow(record, out);
  return out.view();
}

describe('packed row', () => {
  test('comes back as it was, with integers and doubles told apart', () => {
    const record = podRecord({ name: 'größe', namespace: '' });
    const row = readRow(packed(record));
    assert.equal(row.operation, 'UPDATED');
    assert.equal(row.detectedBy, 'WATCH');
    assert.equal(row.observedAt, 1_767_312_000_123_456);
    assert.deepEqual(
      [row.id, row.namespace, row.name, row.uid, row.resourceVersion],
      [record.id, '', 'größe', record.uid, '48211'],
    );
    assert.deepEqual(row.fields, { phase: 'Running', restarts: 3n, load: 1 });
    assert.equal(row.labels?.toString(), '{"app":"web"}');
    assert.deepEqual(row.object, record.object);
    assert.deepEqual(row.patch, record.patch);
  });

  test('what is absent is not what is empty', () => {
    const record = podRecord({ labels: undefined, fields: undefined, object: undefined, patch: Buffer.alloc(0) });
    const row = readRow(packed(record));
    assert.equal(row.labels, undefined);
    assert.equal(row.fields, undefined);
    assert.equal(row.object, undefined);
    assert.equal(row.patch?.length, 0);
  });

  test('one that was cut short is refused', () => {
    const row = packed(podRecord());
    assert.throws(() => readRow(row.subarray(0, row.length - 1)), RangeError);
  });

  test('one is written behind the other, larger or smaller', () => {
    const out = new ByteWriter();
    for (const size of [10, 100_000, 0, 5]) {
      const object = Buffer.alloc(size, 'x');
      const start = out.length;
      packRow(podRecord({ object }), out);
      assert.deepEqual(readRow(out.view().subarray(start)).object, object);
    }
  });
});

describe('fields in a packed row', () => {
  const through = (fields: Readonly<Record<string, FieldValue>>): unknown =>
    readRow(packed(podRecord({ fields }))).fields;

  test('every value comes back with its type', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fieldValue, { noNullPrototype: true }), (fields) => {
        assert.deepEqual(through(fields), fields);
      }),
      { numRuns: 500 },
    );
  });

  test('what has no form in JSON is null, and an integer may have any length', () => {
    const fields = { n: Number.NaN, i: Number.NEGATIVE_INFINITY, z: -0, big: [10n ** 30n, -(2n ** 63n) - 1n] };
    assert.deepEqual(through(fields), { ...fields, n: null, i: null });
  });

  test('names that are no ordinary ones are members', () => {
    const fields = JSON.parse('{"__proto__":"x","":"y"}') as Record<string, FieldValue>;
    assert.deepEqual(through(fields), fields);
  });
});

describe('typed fields in JSON', () => {
  test('every value comes back with its type', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fieldValue, { noNullPrototype: true }), (fields) => {
        const back = fieldsFromJson(Buffer.from(fieldsToJson(fields)));
        assert.deepEqual(back, fields);
      }),
      fuzz(500),
    );
  });

  test('is plain JSON to whoever does not know', () => {
    assert.equal(
      fieldsToJson({ i: 2n ** 63n - 1n, d: 3, n: Number.NaN, e: 1e21, z: -0 }),
      '{"i":9223372036854775807,"d":3.0,"n":null,"e":1e+21,"z":-0.0}',
    );
  });
});
