import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FieldValue } from '../../src/model/record.ts';
import { FieldExtraction } from '../../src/transform/field-extraction.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { FieldPlan } from '../../src/transform/plan.ts';
import { fuzz } from '../support/fuzz.ts';

const stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};
const PLAN = { ignore: [], prune: ['metadata.managedFields'], redact: [] };

/** Values and errors of the parts that expressions look at, and of the whole object. */
function both(
  object: string,
  expressions: readonly string[],
): { partial: unknown; whole: unknown; isPartial: boolean } {
  const extract: FieldPlan[] = expressions.map((expression, i) => ({ name: `f${i}`, expression }));
  const extraction = new FieldExtraction({ extract, redact: [], lanes: [] });
  const reader = new ObjectReader(objectTrie(PLAN, extraction.targets), stream, extraction.slots);
  const b = Buffer.from(object);
  assert.equal(reader.read(b, 0, b.length), b.length);
  let isPartial = true;
  const run = (of: (onError: (field: string, message: string) => void) => unknown): unknown => {
    const errors: string[] = [];
    return { fields: of((field, message) => errors.push(`${field}: ${message}`)), errors };
  };
  const text = (): Buffer => {
    isPartial = false;
    return b;
  };
  const partial = run((onError) => extraction.of(reader, text, onError) as Record<string, FieldValue>);
  return { partial, whole: run((onError) => extraction.ofText(b, onError)), isPartial };
}

const EXPRESSIONS = [
  'object.a',
  'object.a.b',
  'object.a.b.c',
  'object["a"]["b"]',
  'object.a[0]',
  'object.a[0].b',
  'object.a[1][0]',
  'has(object.a.b)',
  'has(object.a.b.c) ? object.a.b.c : "none"',
  'object.?a.?b.orValue("none")',
  'object[?"a"].hasValue()',
  'object.a.map(x, x.b)',
  'object.a.map(x, x.b.c)',
  'object.a.map(x, x.b > 1, x.c)',
  'object.a.filter(x, x.b == 1).map(x, x.c)',
  'object.a.filter(x, x.b == 1)[0].c',
  'object.a.exists(x, x.b == "x")',
  'object.a.all(x, x.b.exists(y, y.c == x.c))',
  'object.a.map(object, object.b)',
  'object.a.map(x, x)',
  'object.a.map(x, size(x))',
  'object.a.map(x, object.b)',
  'object.a.map(x, [x.b, object.c.a])',
  'cel.bind(x, object.a, x.b)',
  'cel.bind(object, object.a, object.b)',
  'size(object.a)',
  '"b" in object.a',
  'object.a == object.b',
  'object.metadata.name',
  'object.metadata.labels.a',
  'object.metadata.labels',
  'object.a.b + object.a.c',
  'type(object.a)',
];

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, 2, -1.5, 1e20, 'x', '', 'é"\\', '12345678901234567890'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'a"b', '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('the parts of an object that expressions look at give what the whole object gives', () => {
  let partials = 0;
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value),
      value,
      fc.subarray(EXPRESSIONS, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(undefined, 1),
      (members, labels, expressions, space) => {
        const object = { metadata: { name: 'n', managedFields: [1], labels, other: members }, ...members };
        const { partial, whole, isPartial } = both(JSON.stringify(object, undefined, space), expressions);
        assert.deepEqual(partial, whole);
        if (isPartial) partials++;
      },
    ),
    fuzz(2000),
  );
  assert.ok(partials > 0);
});

test('integers of any length, numbers and escapes are read as they are in the whole object', () => {
  const object = String.raw`{"metadata":{"name":"n"},"a":[{"b":9007199254740993,"c":"\u0041\n"},{"b":1.0,"c":2.5},{"\u0062":3}]}`;
  const { partial, whole, isPartial } = both(object, ['object.a.map(x, x.b)', 'object.a.exists(x, x.c == "A\\n")']);
  assert.ok(isPartial);
  assert.deepEqual(partial, whole);
  assert.deepEqual((partial as { fields: unknown }).fields, { f0: [9007199254740993n, 1n, 3n], f1: true });
});

test('what a list item or the delivered object does not have as its text has it is taken of the whole object', () => {
  const object = '{"metadata":{"name":"n","managedFields":[]},"a":1}';
  for (const expression of [
    'object.kind',
    'object',
    'object.metadata',
    'size(object)',
    'object.metadata.managedFields',
  ])
    assert.equal(both(object, ['object.a', expression]).isPartial, false, expression);
  assert.equal(both(object, ['object.a', 'object.metadata.name']).isPartial, true);
});
