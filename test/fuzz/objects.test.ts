import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { ByteWriter } from '../../src/model/byte-writer.ts';
import { parseExactly } from '../../src/model/json-exact.ts';
import { writeEdited } from '../../src/transform/cut.ts';
import type { Fingerprint } from '../../src/transform/fingerprint.ts';
import { ObjectFingerprint } from '../../src/transform/object-fingerprint.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import { damaged, fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';
import { assertWorks, plan } from './working.ts';

const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '0',
  '-',
  'e',
  ' ',
  '\n',
  '\0',
  '\xff',
  '\xc3\x28',
  'null',
  '\\ud800',
  '\\u0061',
];
const reader = new ObjectReader(objectTrie(plan), plan.stream);
const out = new ByteWriter();

const escaped = (key: string): string =>
  `"${[...key].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
const space = fc.constantFrom('', '', '', ' ', '\t', '\r\n ');

/** Members in any order and white space, keys absent, escaped or standing twice. */
function objectText(values: Readonly<Record<string, fc.Arbitrary<string>>>, most: number): fc.Arbitrary<string> {
  const member = fc
    .constantFrom(...Object.keys(values))
    .chain((key) => fc.tuple(fc.nat({ max: 20 }), fc.constant(key), space, space, values[key] as fc.Arbitrary<string>))
    .map(([n, key, a, b, value]) => `${a}${n === 0 ? escaped(key) : JSON.stringify(key)}${b}:${value}`);
  return fc.tuple(fc.array(member, { maxLength: most }), space).map(([all, s]) => `{${all.join(`${s},`)}${s}}`);
}

const names = fc.oneof(fc.constantFrom('"a"', '"b"', '"\\u0061"', '"\\ud800"', '""', '7'), looseJson);
const metadata = objectText(
  {
    name: names,
    namespace: names,
    uid: names,
    resourceVersion: fc.oneof(
      fc.nat().map((n) => `"${n}"`),
      names,
    ),
    labels: looseJson,
    annotations: fc.oneof(
      looseJson,
      objectText({ x: looseJson, y: fc.constant('"{\\"metadata\\":{\\"name\\":1}}"') }, 3),
    ),
    managedFields: looseJson,
    ownerReferences: fc.constant('[{"uid":"other","name":"other"}]'),
  },
  8,
);
const object = objectText(
  {
    metadata: fc.oneof({ weight: 4, arbitrary: metadata }, { weight: 1, arbitrary: looseJson }),
    kind: names,
    apiVersion: names,
    spec: fc.oneof(looseJson, objectText({ metadata, __proto__: looseJson, a: looseJson }, 3)),
    data: looseJson,
    ['__proto__']: looseJson,
  },
  7,
);

type Members = Record<string, unknown>;
const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
/** -0 is the same number. */
const sameZero = (source: string): number => Number(source) || 0;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

test('identity is what JSON.parse says, and what is delivered is JSON without what is cut', () => {
  fc.assert(
    fc.property(object, (json) => {
      const bytes = Buffer.from(`[${json}]`);
      assert.equal(reader.read(bytes, 1, bytes.length - 1), bytes.length - 1);
      const value = parseExactly(Buffer.from(json), sameZero) as Members;
      const meta = members(value.metadata);
      assert.equal(reader.name, text(meta.name));
      assert.equal(reader.namespace, text(meta.namespace));
      assert.equal(reader.uid, text(meta.uid));
      assert.equal(reader.resourceVersion, text(meta.resourceVersion));
      out.reset();
      writeEdited(reader.bytes, reader.start, reader.end, reader.scan.edits, out);
      const made = parseExactly(out.view(), sameZero) as Members;
      if (typeof value.metadata === 'object') delete meta.managedFields;
      const { spec, data, ...rest } = value;
      const { spec: _spec, data: _data, ...madeRest } = made;
      assert.deepEqual(madeRest, rest);
      assert.deepEqual(Object.keys(made), Object.keys(value));
      if (typeof spec === 'object' && spec !== null) assert.equal(Object.keys(made.spec as object).length, 0);
      if (typeof data === 'string') assert.equal(made.data, '[REDACTED]');
    }),
    fuzz(800),
  );
});

test('two texts of one value have one fingerprint, unless only the order or white space differs', () => {
  const print = new ObjectFingerprint();
  const of = (json: string): Fingerprint => {
    const b = Buffer.from(json);
    assert.equal(reader.read(b, 0, b.length), b.length);
    const result = { low: 0, high: 0 };
    print.of(reader, result);
    return result;
  };
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), fc.nat(), (spec, other, name, version) => {
      const make = (s: unknown, v: number, more: object = {}): string =>
        JSON.stringify({
          metadata: { ...more, name, resourceVersion: String(v), managedFields: [v] },
          spec: s,
        }).toWellFormed();
      const first = of(make(spec, 1));
      assert.deepEqual(of(make(spec, version)), first);
      assert.deepEqual(of(make(spec, 2, { annotations: { x: 'ignored' } })), first);
      if (JSON.stringify(spec) !== JSON.stringify(other)) assert.notDeepEqual(of(make(other, 1)), first);
    }),
    fuzz(300),
  );
});

const event = fc
  .tuple(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'), object)
  .map(([t, o]) => `{"type":"${t}","object":${o.replaceAll('\r\n', '')}}\n`);

test('any events make records or failures', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 4 }), fc.boolean(), (lines, listing) =>
      assertWorks(
        lines.map((l) => Buffer.from(l)),
        listing,
      ),
    ),
    fuzz(200),
  );
});

test('damaged events make records or failures', () => {
  fc.assert(
    fc.property(fc.array(damaged(event, PIECES), { maxLength: 4 }), fc.boolean(), (lines, listing) =>
      assertWorks(lines, listing),
    ),
    fuzz(400),
  );
});

test('objects nested as deeply as a server takes them are contained', async () => {
  await once(new Worker(new URL('./deep-objects-thread.ts', import.meta.url)), 'exit');
});
