import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScan } from '../../src/model/json-scan.ts';
import { skipSpace, skipValue, stringAt } from '../../src/model/json-skip.ts';
import { compileTrie } from '../../src/model/json-trie.ts';
import { fuzz } from '../support/fuzz.ts';
import { looseJson, ownJson } from '../support/json.ts';

const NAMES = [
  'kind',
  'apiVersion',
  'metadata',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'labels',
  'annotations',
  'managedFields',
];
const trie = compileTrie(
  NAMES.map((key, slot) => ({ tokens: slot < 3 ? [{ key }] : [{ key: 'metadata' }, { key }], slot })),
);

function valid(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function accepts(text: string): boolean {
  const b = Buffer.from(text);
  const end = skipValue(b, skipSpace(b, 0, b.length), b.length);
  return end >= 0 && skipSpace(b, end, b.length) === b.length;
}

test('accepts and refuses what JSON.parse does', () => {
  const texts = [
    ...[
      '',
      ' ',
      '0',
      '-0',
      '01',
      '-',
      '1.',
      '.5',
      '1.5',
      '1e',
      '1e+',
      '1e+5',
      '1E-05',
      '-1.25e10',
      '9'.repeat(400),
      '+1',
      '0x1',
      'NaN',
      '1 2',
    ],
    ...['true', 'tru', 'truex', 'false', 'null', 'nul', 'True', 'undefined'],
    ...[
      '""',
      '"',
      '"a',
      '"\\"',
      '"\\""',
      '"\\u12"',
      '"\\u12aF"',
      '"\\u12ag"',
      '"\\x"',
      '"\t"',
      '"\u007f"',
      '"é☃𝄞"',
      '"\\/\\b\\f\\n\\r\\t\\\\"',
      "'a'",
    ],
    ...['[]', '[ ]', '[1]', '[1,]', '[,1]', '[1 2]', '[', ']', '[[]', '[]]', '[1}', '{]'],
    ...[
      '{}',
      '{ }',
      '{"a":1}',
      '{"a":1,}',
      '{"a"}',
      '{"a":}',
      '{a:1}',
      '{1:1}',
      '{"a" : 1 , "b":[ { } ] }',
      '{"a":1 "b":2}',
      '{,}',
      '{"a"::1}',
      '{"a":1}}',
    ],
    ...['\ufeff{}', '{}\0', '/**/{}', '{"a":1}//'],
  ];
  for (const text of texts) assert.equal(accepts(text), valid(text), JSON.stringify(text));
});

test('accepts any JSON however it is written', () => {
  fc.assert(
    fc.property(looseJson, (text) => accepts(text)),
    fuzz(1000),
  );
});

test('agrees with JSON.parse on damaged JSON', () => {
  const damaged = fc
    .tuple(
      looseJson,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', ' ', '\n', 't', '\u0001'),
    )
    .map(
      ([text, at, cut, put]) =>
        text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + cut),
    );
  fc.assert(
    fc.property(damaged, (text) => assert.equal(accepts(text), valid(text.toWellFormed()), text)),
    fuzz(3000),
  );
});

test('a cut off text is refused at every length, also with other bytes behind it', () => {
  const text = Buffer.from('{"a":[1,{"b":"x\\u0041\\n"},null,-1.5e3],"c":{}}');
  const behind = Buffer.concat([text, Buffer.from('"}]}}}}')]);
  for (let end = 0; end < text.length; end++) assert.equal(skipValue(behind, 0, end), -1);
  assert.equal(skipValue(behind, 0, behind.length), text.length);
});

test('never reads on behind the end', () => {
  const behind = fc.tuple(looseJson, fc.constantFrom('\n', '"', '}', ']', ''), looseJson, fc.nat());
  fc.assert(
    fc.property(behind, ([text, between, more, at]) => {
      const b = Buffer.from(text.trimStart() + between + more);
      const limit = at % (Buffer.byteLength(text.trimStart()) + 1);
      const end = skipValue(b, 0, limit);
      assert.ok(end <= limit);
      if (end >= 0) assert.ok(valid(b.toString('utf8', 0, end)));
      else assert.ok(!valid(b.toString('utf8', 0, limit)));
    }),
    fuzz(2000),
  );
});

test('depth: ten thousand levels, and no more', () => {
  assert.equal(accepts('['.repeat(10_000) + ']'.repeat(10_000)), true);
  assert.equal(accepts('['.repeat(10_002) + ']'.repeat(10_002)), false);
  assert.equal(accepts(`${'{"a":'.repeat(9_999)}1${'}'.repeat(9_999)}`), true);
  assert.equal(accepts('['.repeat(1_000_000)), false);
});

/** An object with the names that matter in the right and in wrong places. */
const object = fc
  .tuple(
    ownJson(
      fc.record(
        {
          name: fc.string(),
          namespace: fc.string(),
          uid: fc.string(),
          resourceVersion: fc.string(),
          labels: fc.dictionary(fc.string(), fc.string()),
        },
        { requiredKeys: [] },
      ),
    ),
    ownJson(fc.dictionary(fc.constantFrom(...NAMES, 'spec', 'ownerReferences'), fc.jsonValue())),
  )
  .map(([metadata, rest]) => ({
    ...(rest as object),
    metadata: {
      ...metadata,
      ownerReferences: [{ uid: 'other', name: 'x' }],
      x: JSON.stringify({ metadata: { name: 'no' } }),
    },
  }));

test('finds the slices that JSON.parse finds', () => {
  const scan = new JsonScan(NAMES.length);
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 1, '\t'), fc.nat({ max: 9 }), (value, indent, offset) => {
      const text = ' '.repeat(offset) + JSON.stringify(value, null, indent);
      const b = Buffer.from(`${text}]}`);
      assert.equal(scan.run(b, offset, b.length, trie), b.length - 2);
      assert.equal(scan.unusual, JSON.stringify(Object.keys({ ...value, ...value.metadata })).includes('\\'));
      NAMES.forEach((key, slot) => {
        const parent = (slot < 3 ? value : value.metadata) as Record<string, unknown>;
        const found =
          scan.start(slot) < 0 ? undefined : JSON.parse(b.toString('utf8', scan.start(slot), scan.end(slot)));
        const expected = Object.hasOwn(parent, key) ? JSON.parse(JSON.stringify(parent[key])) : undefined;
        assert.deepEqual(found, expected, key);
        if (typeof expected === 'string') assert.equal(stringAt(b, scan.start(slot), scan.end(slot)), expected);
      });
    }),
    fuzz(500),
  );
});

test('says where keys are escaped or stand twice', () => {
  const scan = new JsonScan(NAMES.length);
  const unusual = (text: string): boolean => {
    assert.equal(scan.run(Buffer.from(text), 0, text.length, trie), text.length, text);
    return scan.unusual;
  };
  assert.equal(unusual('{"metadata":{"name":"a"},"metadata":{"name":"b"}}'), true);
  assert.equal(unusual('{"metadata":{"name":"a","name":"b"}}'), true);
  assert.equal(unusual('{"metadata":{"n\\u0061me":"a"}}'), true);
  assert.equal(unusual('{"\\u006detadata":{}}'), true);
  assert.equal(unusual('{"metadata":{"name":"a"},"spec":{"name":1,"name":2,"n\\u0061me":3}}'), false);
  assert.equal(unusual('{"metadata":{"name":"\\u0061"}}'), false);
});

test('stops where it has seen enough', () => {
  const scan = new JsonScan(NAMES.length);
  const b = Buffer.from('{"metadata":{"name":"a","uid":"u" and no JSON');
  assert.ok(scan.run(b, 0, b.length, trie, 1) > 0);
  assert.equal(stringAt(b, scan.start(3), scan.end(3)), 'a');
  assert.equal(scan.run(b, 0, b.length, trie), -1);
});
