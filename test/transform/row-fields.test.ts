import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/model/byte-writer.ts';
import { writeFields } from '../../src/model/field-bytes.ts';
import { loadText } from '../../src/model/loaded-text.ts';
import { FieldExtraction } from '../../src/transform/field-extraction.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { FieldPlan } from '../../src/transform/plan.ts';
import { fuzz } from '../support/fuzz.ts';
import { podPlan } from '../support/transforming.ts';

const ROWS = { exporter: 'e', encoding: 'rows' } as const;

/** The fields of a row as they are taken from the text, and as an evaluation gives them; undefined where they are not taken. */
function both(text: string, extract: readonly FieldPlan[], more: object[] = []): [Buffer | undefined, Buffer] {
  const plan = podPlan({ extract, prune: [], lanes: [ROWS, ...more] as never });
  const extraction = new FieldExtraction(plan);
  const reader = new ObjectReader(objectTrie(plan, extraction.targets), plan.stream, extraction.slots);
  const b = loadText(Buffer.from(text));
  assert.equal(reader.read(b, 0, b.length), b.length);
  const row = extraction.row(reader);
  const taken = row === undefined ? undefined : Buffer.from(row);
  const errors: string[] = [];
  const fields = extraction.of(
    reader,
    () => Buffer.from(text),
    (field, message) => errors.push(`${field}: ${message}`),
  );
  if (taken !== undefined) assert.deepEqual(errors, [], text);
  const out = new ByteWriter();
  writeFields(fields ?? {}, out);
  return [taken, out.view()];
}

const PATHS = [
  'object.reason',
  'object.count',
  'object.involved.kind',
  'object.involved.n.m',
  'object.metadata.name',
  'object.list.map(x, x.kind)',
];
const TYPES = [undefined, undefined, undefined, 'string', 'int', 'double', 'json', 'timestamp', 'bool'] as const;
const value = fc.constantFrom(
  ...[
    '"x"',
    '""',
    '"a longer text of more than 48 bytes, as most messages of events are"',
    '"é𝄞"',
    '"\\n"',
    '"a\\u0041"',
  ],
  ...['0', '7', '123456789012345', '4294967296', '9007199254740991', '1234567890123456789', '99999999999999999999'],
  ...['-1', '-0', '1.0', '1e3', '0.5', 'null', 'true', 'false', '{}', '[]', '"2026-01-01T00:00:00Z"'],
);
const member = (name: string, inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(inner, { freq: 6 }).map((text) => (text === null ? '' : `"${name}":${text}`));
const object = (...members: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...members).map((texts) => `{${texts.filter((text) => text !== '').join(',')}}`);
const whole = object(
  member('metadata', object(member('name', value))),
  member('reason', value),
  member('count', value),
  member(
    'involved',
    fc.oneof(object(member('kind', value), member('n', fc.oneof(value, object(member('m', value))))), value),
  ),
  member('list', fc.constant('[{"kind":"a"}]')),
);

test('fields of a row that are taken from the text are what an evaluation gives', () => {
  let taken = 0;
  const fields = fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...TYPES)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(whole, fields, (json, plans) => {
      const extract = plans.map(([expression, type], i) => ({ name: `fé${i}`, expression, ...(type && { type }) }));
      const [row, evaluated] = both(json, extract);
      if (row === undefined) return;
      taken++;
      assert.deepEqual(row, evaluated, json);
    }),
    fuzz(4000),
  );
  assert.ok(taken > fuzz(4000).numRuns / 40, `${taken} were taken`);
});

test('the usual fields of an event are taken, with members of it that are missing', () => {
  const json = '{"metadata":{"name":"e"},"involved":{"kind":"Pod"},"reason":"Started","count":3}';
  const extract = ['reason', 'count', 'type', 'involved.kind'].map((path) => ({
    name: path,
    expression: `object.${path}`,
  }));
  const [row, evaluated] = both(json, extract);
  assert.deepEqual(row, evaluated);
  assert.equal(both(json, [{ name: 'n', expression: 'object.involved.name' }])[0], undefined, 'inside: evaluated');
});

test('they are taken only where every exporter wants rows, and their names keep their order', () => {
  const reason = [{ name: 'r', expression: 'object.reason' }];
  assert.notEqual(both('{"reason":"x"}', reason)[0], undefined);
  assert.equal(both('{"reason":"x"}', reason, [{ exporter: 'f', encoding: 'json' }])[0], undefined);
  for (const name of ['0', '1a', '__proto__'])
    assert.equal(both('{"reason":"x"}', [{ name, expression: 'object.reason' }])[0], undefined, name);
});
