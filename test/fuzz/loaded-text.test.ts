import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CUT, EditList } from '../../src/model/edit-list.ts';
import { skipTrusted, skipValue } from '../../src/model/json-skip.ts';
import { fingerprintLoaded, isLoaded, loadText } from '../../src/model/loaded-text.ts';
import { fingerprint, STRIPE } from '../../src/transform/fingerprint.ts';
import { damaged, fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';

/*
 * What is done with every byte is written twice: in WebAssembly for the text that is loaded, in JavaScript for any other.
 */
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
  '1e',
  '.',
  ' ',
  '\n',
  '\0',
  '\x1f',
  '\xff',
  'null',
  'tru',
];
const text = fc.oneof(looseJson.map(Buffer.from), damaged(looseJson, PIECES), fc.string().map(Buffer.from));
const long = fc.string({ minLength: 14, maxLength: 40 }).map((s) => Buffer.from(JSON.stringify([s, { [s]: s }])));

test('a value ends at the same place in a loaded text, and the same texts are no JSON', () => {
  let valid = 0;
  fc.assert(
    fc.property(fc.oneof(text, long), fc.nat(), fc.nat(), (bytes, from, to) => {
      const start = from % 3 === 0 ? from % (bytes.length + 1) : 0;
      const end = to % 2 === 0 ? bytes.length : start + (to % (bytes.length - start + 1));
      // What lay behind a text that was loaded before is not read.
      loadText(Buffer.concat([bytes, Buffer.from('"]}'.repeat(20))]));
      const loaded = loadText(bytes);
      assert.equal(isLoaded(loaded), true);
      const position = skipValue(loaded, start, end);
      assert.equal(position, skipValue(bytes, start, end), `${JSON.stringify(bytes.toString())} ${start} ${end}`);
      if (position >= 0) valid++;
    }),
    fuzz(3000),
  );
  assert.ok(valid > 500, `${valid} were valid`);
});

test('of text that is JSON, a value ends at the same place where that is not checked', () => {
  const escapes = fc.string({ unit: fc.constantFrom('\\', '"', '{', ']', 'x'), maxLength: 200 });
  const valid = fc.oneof(
    looseJson.map((json) => Buffer.from(json.trim())),
    long,
    fc
      .array(fc.tuple(escapes, escapes), { maxLength: 5 })
      .map((list) => Buffer.from(JSON.stringify({ [`k${list.length}`]: list }))),
  );
  fc.assert(
    fc.property(valid, fc.constantFrom('', ',', '}', ']', ' '), (json, behind) => {
      const bytes = Buffer.concat([json, Buffer.from(behind)]);
      const expected = skipValue(bytes, 0, bytes.length);
      assert.equal(expected, json.length);
      assert.equal(skipTrusted(loadText(bytes), 0, bytes.length), expected, json.toString());
    }),
    fuzz(2000),
  );
});

test('nesting ends where it does in JavaScript', () => {
  for (const depth of [9_999, 10_000, 10_001]) {
    const bytes = Buffer.from(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
    assert.equal(skipValue(loadText(bytes), 0, bytes.length), skipValue(bytes, 0, bytes.length), `${depth}`);
  }
});

test('a value that goes on behind the end is none, wherever that is', () => {
  const word = 'x'.repeat(100);
  for (const text of [
    `["a","${word}",{"b":"${word}\\n","${word}":[1,"",""]}]`,
    `{"":{"${word}":[["${word}"],"a"]}, "a":" "}`,
  ]) {
    const bytes = Buffer.from(text);
    const loaded = loadText(bytes);
    for (let end = 0; end <= bytes.length; end++)
      for (let start = 0; start <= end; start++)
        assert.equal(skipValue(loaded, start, end), skipValue(bytes, start, end), `${start} ${end}`);
  }
});

test('a text above 4 MiB is looked at where it is', () => {
  const bytes = Buffer.from(JSON.stringify(['x'.repeat(5 * 2 ** 20)]));
  const loaded = loadText(bytes);
  assert.equal(isLoaded(loaded), false);
  assert.equal(skipValue(loaded, 0, loaded.length), bytes.length);
});

test('a fingerprint is the same, whatever is cut out', () => {
  const cut = fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 60 }));
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 1000 }),
      fc.option(fc.uint8Array({ maxLength: 140 }), { nil: undefined }),
      fc.array(cut, { maxLength: 12 }),
      fc.nat(),
      (bytes, lead, gaps, from) => {
        const start = from % bytes.length;
        const cuts = new EditList();
        const kept = lead === undefined ? [] : [...lead];
        let at = start;
        for (const [skipped, length] of gaps) {
          const begin = Math.min(at + skipped, bytes.length);
          kept.push(...bytes.subarray(at, begin));
          at = Math.min(begin + length, bytes.length);
          cuts.push(begin, at, CUT);
        }
        kept.push(...bytes.subarray(at));
        const padded = new Uint8Array(kept.length + STRIPE - (kept.length % STRIPE));
        padded.set(kept);
        const expected = { low: 0, high: 0 };
        fingerprint(new Int32Array(padded.buffer), padded, kept.length, expected);
        loadText(bytes);
        const found = { low: 0, high: 0 };
        assert.equal(fingerprintLoaded(start, bytes.length, cuts, lead, found), true);
        assert.deepEqual(found, expected);
      },
    ),
    fuzz(2000),
  );
});
