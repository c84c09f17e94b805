import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EditList } from '../../src/model/edit-list.ts';
import { JsonScan } from '../../src/model/json-scan.ts';
import { compileTrie, IGNORE, type PathTarget, PRUNE, REDACT, type TrieNode } from '../../src/model/json-trie.ts';
import { isLoaded, loadText } from '../../src/model/loaded-text.ts';
import { fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';

/*
 * A pass over a JSON value is written twice: in WebAssembly for the text that is loaded, in JavaScript for any other.
 */
const SLOTS = 6;
const KEYS = ['a', 'b', 'metadata', 'name', 'labels', 'a key of twenty bytes', '', 'é"\\', 'ab'];

/** Keys that are looked for, some with escapes that are not needed, and others. */
const keyText = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...KEYS).map((key) => JSON.stringify(key)) },
  { weight: 1, arbitrary: fc.constantFrom('"\\u0061"', '"n\\u0061me"', '"a\\/"', '"metadat"', '"\\u00e9\\"\\\\"') },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map((key) => JSON.stringify(key)) },
);
const space = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r'), maxLength: 20 }) },
);
const keyed = fc.letrec<{ value: string; inner: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom('1', 'null', '"x"', '{}', '[]', '{ }', '-1.5e3'), tie('inner')),
  inner: fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(space, keyText, space, space, tie('value'), space), { maxLength: 7 })
        .map((all) => `{${all.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`),
    },
    fc
      .array(fc.tuple(space, tie('value'), space), { maxLength: 5 })
      .map((all) => `[${all.map((one) => one.join('')).join(',')}]`),
    looseJson,
  ),
})).inner;

const token = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...KEYS).map((key) => ({ key })) },
  { weight: 1, arbitrary: fc.nat({ max: 3 }).map((index) => ({ index })) },
  { weight: 2, arbitrary: fc.constant({ any: true as const }) },
);
const target: fc.Arbitrary<PathTarget> = fc.record(
  {
    tokens: fc.array(token, { maxLength: 4 }),
    // One more than is noted.
    slot: fc.nat({ max: SLOTS }),
    flags: fc.constantFrom(0, IGNORE, PRUNE, REDACT, IGNORE | PRUNE, PRUNE | REDACT),
  },
  { requiredKeys: ['tokens'] },
);
const trie = fc.array(target, { maxLength: 10 }).map(compileTrie);

const PIECES = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', ' ', '\0', '\x1f', '\xff', '"a":1,', ',"a":{}', '\\u00'];
const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.constantFrom(...PIECES)), { maxLength: 3 });

function edited(text: string, edits: readonly (readonly [number, number, string])[]): Buffer {
  return edits.reduce((bytes, [at, cut, put]) => {
    const from = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), Buffer.from(put, 'latin1'), bytes.subarray(from + cut)]);
  }, Buffer.from(text));
}

const list = (edits: EditList) =>
  Array.from({ length: edits.length }, (_, i) => [edits.start(i), edits.end(i), edits.kind(i)]);

function noted(b: Buffer, start: number, end: number, root: TrieNode, wanted: number, slots = SLOTS) {
  const scan = new JsonScan(slots);
  const behind = scan.run(b, start, end, root, wanted);
  return {
    behind,
    unusual: scan.unusual,
    slots: [...scan.slots],
    ignored: list(scan.ignored),
    edits: list(scan.edits),
  };
}

test('a pass over a loaded text notes the same', () => {
  const seen = { valid: 0, invalid: 0, unusual: 0, ignored: 0, edits: 0, stopped: 0 };
  fc.assert(
    fc.property(
      keyed,
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, damage),
      trie,
      fc.nat(),
      fc.nat(),
      fc.nat({ max: 9 }),
      (json, edits, root, from, to, some) => {
        const bytes = edited(json, edits);
        const start = from % 8 === 0 ? from % (bytes.length + 1) : 0;
        const end = to % 3 !== 0 ? bytes.length : start + (to % (bytes.length - start + 1));
        const wanted = some < 4 ? some : 0;
        // What lay behind a text that was loaded before is not read.
        loadText(Buffer.concat([bytes, Buffer.from('"]}'.repeat(20))]));
        const loaded = loadText(bytes);
        assert.equal(isLoaded(loaded), true);
        const expected = noted(bytes, start, end, root, wanted);
        assert.deepEqual(noted(loaded, start, end, root, wanted), expected, `${bytes} ${start} ${end} ${wanted}`);
        if (expected.behind < 0) seen.invalid++;
        else seen.valid++;
        if (expected.behind >= 0 && bytes[expected.behind - 1] !== bytes.at(-1)) seen.stopped++;
        if (expected.unusual) seen.unusual++;
        if (expected.ignored.length > 0) seen.ignored++;
        if (expected.edits.length > 0) seen.edits++;
      },
    ),
    fuzz(6000),
  );
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 100, `${what}: ${times}`);
});

test('a text that is cut off anywhere gives the same', () => {
  const root = compileTrie([
    { tokens: [{ key: 'a' }, { key: 'b' }], slot: 0, flags: IGNORE },
    { tokens: [{ key: 'a' }, { key: 'c"' }], slot: 1, flags: PRUNE },
    { tokens: [{ key: 'l' }, { index: 1 }], slot: 2 },
    { tokens: [{ key: 'l' }, { any: true }, { key: 'x' }], flags: REDACT },
  ]);
  const text = Buffer.from(
    '{"a" : {"b":1 , "c\\"":[{}] },"l": [ 1 , {"x":"\\u00e9","y":[]} ] , "a key that is long":{"z":null}}',
  );
  const loaded = loadText(text);
  for (let end = 0; end <= text.length; end++) {
    assert.deepEqual(noted(loaded, 0, end, root, 0), noted(text, 0, end, root, 0), `${end}`);
    const shorter = text.subarray(0, end);
    assert.deepEqual(noted(loadText(shorter), 0, end, root, 0), noted(shorter, 0, end, root, 0), `${end}`);
    loadText(text);
  }
});

test('what has no room gives the same: edits, slots, tries', () => {
  const items = { tokens: [{ any: true as const }, { key: 'a' }] };
  const text = Buffer.from(JSON.stringify(Array.from({ length: 2000 }, (_, a) => ({ a, b: 1 }))));
  for (const flags of [IGNORE, PRUNE, REDACT, IGNORE | PRUNE]) {
    const root = compileTrie([{ ...items, flags }]);
    const expected = noted(text, 0, text.length, root, 0);
    assert.equal(Math.max(expected.ignored.length, expected.edits.length), 2000);
    assert.deepEqual(noted(loadText(text), 0, text.length, root, 0), expected);
  }
  // Cuts beyond their room do not get into the edits, nor slots beyond theirs into the cuts.
  const both = compileTrie([
    { ...items, flags: IGNORE },
    { tokens: [{ index: 0 }, { key: 'b' }], flags: PRUNE },
  ]);
  assert.deepEqual(noted(loadText(text), 0, text.length, both, 0), noted(text, 0, text.length, both, 0));
  const few = text.subarray(0, text.indexOf('},{"a":100,') + 1);
  const one = Buffer.from(`${few}]`);
  const far = compileTrie([
    { ...items, flags: IGNORE },
    { tokens: [{ index: 50 }], slot: 130 },
  ]);
  assert.deepEqual(noted(loadText(one), 0, one.length, far, 0), noted(one, 0, one.length, far, 0));
  const wide = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key ${i}`, { n: i }]));
  const bytes = Buffer.from(JSON.stringify(wide));
  for (const count of [127, 128, 129, 3000]) {
    const root = compileTrie(Array.from({ length: count }, (_, slot) => ({ tokens: [{ key: `key ${slot}` }], slot })));
    const expected = noted(bytes, 0, bytes.length, root, 0, count);
    assert.equal(
      expected.slots.at(-1),
      bytes.indexOf(`"key ${count - 1}":`) + `"key ${count - 1}":{"n":${count - 1}}`.length,
    );
    assert.deepEqual(noted(loadText(bytes), 0, bytes.length, root, 0, count), expected);
  }
});

test('many tries take turns', () => {
  const bytes = Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key ${i}`, i]))));
  const tries = Array.from({ length: 500 }, (_, i) =>
    compileTrie(Array.from({ length: 20 }, (_, slot) => ({ tokens: [{ key: `key ${(i + slot) % 500}` }], slot }))),
  );
  for (let round = 0; round < 3; round++) {
    for (const root of tries)
      assert.deepEqual(
        noted(loadText(bytes), 0, bytes.length, root, 0, 20),
        noted(bytes, 0, bytes.length, root, 0, 20),
      );
  }
});
