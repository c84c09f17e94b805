import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileExpression } from '../../src/transform/cel-compile.ts';
import { CelObjects } from '../../src/transform/cel-object.ts';
import { compileExtractors, parseForCel } from '../../src/transform/extract.ts';

const EXPRESSIONS = [
  'object.status.phase',
  'object.spec.containers.map(c, c.image)',
  'has(object.a.b) ? object.a.b : object.c',
  'object.?a.b.orValue("x")',
  'object["a"].b',
  'object.metadata.labels["app"]',
  'object.metadata.generation + 1',
  'object.a.b.c.d.e',
  'object.a.size()',
  'object.a.exists(object, object.b == 1)',
  'size(object)',
  'object.metadata.managedFields.size()',
  'object.__proto__.b',
  'object.spec.containers.filter(c, c.ready && object.a.b == 1).map(c, c.image)',
];

test('knows which parts of an object an expression reads', () => {
  const reads = (expression: string): unknown => compileExpression(expression, 'test').reads;
  assert.deepEqual(reads('object.status.phase'), [['status', 'phase']]);
  assert.deepEqual(reads('object.spec.containers.map(c, c.image)'), [['spec', 'containers']]);
  assert.deepEqual(reads('object.a.b.c.d'), [['a', 'b', 'c']]);
  assert.deepEqual(reads('object.metadata.labels["app"] + object.b'), [['metadata', 'labels'], ['b']]);
  for (const whole of ['size(object)', 'object["a"]', 'object.?a.b.orValue(1)'])
    assert.equal(reads(whole), undefined, whole);
});

test('fields are the same whether an object is read in full or in parts', () => {
  const scalar = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom(null, true, 1, 1.5, -0, 2 ** 60, 'Running'));
  const value = fc.oneof(
    scalar,
    fc.array(fc.oneof(scalar, fc.record({ image: scalar, ready: fc.boolean(), b: scalar })), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('b', 'c', 'phase', 'app', 'containers'),
      fc.oneof(scalar, fc.object({ maxDepth: 2 })),
    ),
  );
  const part = fc.option(value, { nil: undefined });
  const object = fc.record({
    metadata: fc.option(
      fc.record({ labels: part, generation: part, managedFields: fc.option(fc.array(scalar), { nil: undefined }) }),
      { nil: undefined },
    ),
    spec: fc.option(fc.record({ containers: part }), { nil: undefined }),
    status: part,
    a: part,
    c: part,
  });
  fc.assert(
    fc.property(fc.subarray(EXPRESSIONS, { minLength: 1 }), object, fc.boolean(), (expressions, o, spaced) => {
      const extractors = compileExtractors(expressions.map((expression, i) => ({ name: `f${i}`, expression })));
      const text = Buffer.from(JSON.stringify(o, undefined, spaced ? 1 : 0));
      const extract = (parsed: unknown): unknown => {
        const errors: string[] = [];
        return [extractors.extract(parsed, (field, message) => errors.push(`${field}: ${message}`)), errors];
      };
      assert.deepEqual(extract(CelObjects.reading(extractors.reads)(text)), extract(parseForCel(text)));
    }),
    { numRuns: 500 },
  );
});
