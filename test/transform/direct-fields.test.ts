import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Encoding } from '../../src/model/encoding.ts';
import { fieldsToJson } from '../../src/model/field-json.ts';
import { loadText } from '../../src/model/loaded-text.ts';
import { FieldExtraction } from '../../src/transform/field-extraction.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { FieldPlan } from '../../src/transform/plan.ts';
import { fuzz } from '../support/fuzz.ts';
import { podPlan } from '../support/transforming.ts';

const lane = (encoding: Encoding) => ({ exporter: 'e', encoding });

/** The fields as they are taken from the text, and as an evaluation gives them; undefined where they are not taken. */
function both(text: string, extract: readonly FieldPlan[], encoding: Encoding = 'json'): [string | undefined, string] {
  const plan = podPlan({ extract, prune: [], lanes: [lane(encoding)] });
  const extraction = new FieldExtraction(plan);
  const reader = new ObjectReader(objectTrie(plan, extraction.targets), plan.stream, extraction.slots);
  const b = loadText(Buffer.from(text));
  assert.equal(reader.read(b, 0, b.length), b.length);
  const direct = extraction.json(reader);
  const json = direct === undefined ? undefined : Buffer.from(direct).toString();
  const errors: string[] = [];
  const fields = extraction.of(
    reader,
    () => Buffer.from(text),
    (field, message) => errors.push(`${field}: ${message}`),
  );
  if (json !== undefined) assert.deepEqual(errors, []);
  return [json, fieldsToJson(fields ?? {})];
}

const PATHS = [
  'object.a',
  'object.a.b',
  'object.a.b.c',
  'object.a.c',
  'object.d.map(x, x.b)',
  'object.d.map(x, x.c)',
  'object.d.map(object, object.b)',
  'object.a.b.map(x, x.b)',
  'object.d.map(x, x.constructor)',
  'object.d.map(x, x.__proto__)',
  'object.a.constructor',
  'object.metadata.name',
  'object.metadata.labels.b',
];
const TYPES = [undefined, undefined, undefined, 'string', 'list<string>', 'json', 'int'] as const;

const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('"x"', '""', '"a longer text of more than 16 bytes"', '"é𝄞"', '"\\n"', '"\\""'),
  },
  { weight: 1, arbitrary: fc.constantFrom('"\\u0041"', '"\\/"', '1', 'null', 'true', '{}', '[]', '"\\u001f"') },
);
const key = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('b', 'c') },
  { weight: 1, arbitrary: fc.constantFrom('\\u0062', 'constructor', '__proto__', 'e') },
);
const object = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(key, value), { minLength: 1, maxLength: 4 })
    .map((members) => `{${members.map(([name, inner]) => `"${name}":${inner}`).join(',')}}`);
const list = fc
  .tuple(fc.array(object(fc.oneof(text, text, text, object(text))), { maxLength: 4 }), fc.nat({ max: 8 }))
  .map(([items, space]) => `[${items.join(space === 0 ? ', ' : ',')}]`);
const whole = fc
  .tuple(fc.oneof(object(fc.oneof(text, object(text), list)), text), fc.oneof(list, list, list, text), text)
  .map(([a, d, name]) => `{"metadata":{"name":${name},"labels":{"b":${name}}},"a":${a},"d":${d}}`);

test('fields that are taken from the text are what an evaluation gives', () => {
  let taken = 0;
  const fields = fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...TYPES)), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(whole, fields, (json, plans) => {
      const extract = plans.map(([expression, type], i) => ({ name: `f${i}"`, expression, ...(type && { type }) }));
      const [direct, evaluated] = both(json, extract);
      if (direct === undefined) return;
      taken++;
      assert.equal(direct, evaluated, json);
    }),
    fuzz(3000),
  );
  assert.ok(taken > fuzz(3000).numRuns / 20, `${taken} were taken`);
});

test('paths and lists of one member are taken from the text, in any number and length', () => {
  const containers = Array.from({ length: 50 }, (_, i) => ({
    name: `c${i}`,
    ports: [{ port: 1 }],
    image: `repo/image:${i}`,
  }));
  const json = JSON.stringify({ metadata: { name: 'n' }, spec: { containers }, status: { phase: 'Running' } });
  const extract = [
    { name: 'phase', expression: 'object.status.phase' },
    { name: 'images', expression: 'object.spec.containers.map(c, c.image)' },
    { name: 'name', expression: 'object.metadata.name' },
  ];
  const [direct, evaluated] = both(json, extract);
  assert.equal(direct, evaluated);
  assert.match(direct ?? '', /repo\/image:49"\],"name":"n"}$/);
  assert.equal(
    both('{"metadata":{"name":"n"},"d":[]}', [{ name: 'l', expression: 'object.d.map(x, x.b)' }])[0],
    '{"l":[]}',
  );
});

test('whoever wants values gets them', () => {
  const extract = [{ name: 'name', expression: 'object.metadata.name' }];
  for (const [encoding, is] of [
    ['json', true],
    ['cloudevents', true],
    ['protobuf', true],
    ['rows', false],
    ['msgpack', false],
  ] as const)
    assert.equal(both('{"metadata":{"name":"n"}}', extract, encoding)[0] !== undefined, is, encoding);
  for (const name of ['0', '1a', '__proto__'])
    assert.equal(both('{"metadata":{"name":"n"}}', [{ name, expression: 'object.metadata.name' }])[0], undefined, name);
});
