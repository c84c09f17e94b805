import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { LabelSlices } from '../../src/exporters/parquet/label-slices.ts';
import { frameResourceVersion } from '../../src/model/frame-scan.ts';
import { parseExactly } from '../../src/model/json-exact.ts';
import { parseJson } from '../../src/model/json-parse.ts';
import { jsonPatch, mergePatch } from '../../src/transform/diff.ts';
import { msgpackEncoder } from '../../src/transform/encode-msgpack.ts';
import { parseForCel } from '../../src/transform/extract.ts';
import { fuzz } from '../support/fuzz.ts';
import { hasEscapedKey, looseJson } from '../support/json.ts';
import { PODS, podRecord } from '../transform/sample-record.ts';

// JSON.parse of V8 14.6 takes one key for another where they are written with escapes; nothing here is compared with it.

type Members = Record<string, string | Record<string, string>>;
const key = fc.constantFrom('a', 'x\n', 'x\\', 'x"', 'x\t', '\n', '\\', '"', 'annotations');
const flat = fc.dictionary(key, fc.constantFrom('', 'v', 'say "x": {\\'), { noNullPrototype: true });
const value: fc.Arbitrary<Members> = fc.dictionary(key, fc.oneof(fc.constant('v'), flat), { noNullPrototype: true });
const text = (members: unknown): Buffer => Buffer.from(JSON.stringify(members));
const exact = (bytes: Uint8Array | undefined): unknown => bytes && parseExactly(Buffer.from(bytes), Number);

/** One property of every place where the text of an object is parsed. */
function holds(name: string, check: (members: Members) => void): void {
  test(`keys with escapes are what they say: ${name}`, () => {
    fc.assert(fc.property(value, check), fuzz(500));
  });
}

holds('a merge patch', (members) => {
  const patch = exact(mergePatch(Buffer.from('[]'), text(members)));
  assert.deepEqual(patch, members);
});

holds('a JSON patch', (members) => {
  const operations = (exact(jsonPatch(Buffer.from('{}'), text(members))) ?? []) as { path: string; value: unknown }[];
  const added = operations.map((o) => [o.path.slice(1), o.value]);
  assert.deepEqual(Object.fromEntries(added), members);
});

const encode = msgpackEncoder(PODS);
holds('MessagePack', (members) => {
  const record = decode(encode(podRecord({ object: text(members) }))) as { object: unknown };
  assert.deepEqual(record.object, members);
});

holds('an expression', (members) => assert.deepEqual(parseForCel(text(members)), members));

holds('labels of the table', (members) => {
  const labels = Object.fromEntries(Object.keys(members).map((k) => [k, 'v']));
  const json = text(labels);
  const slices = new LabelSlices();
  slices.set(json, 0, json.length);
  const of = (i: number, which: 0 | 2): string =>
    slices.bytes?.toString('utf8', slices.start(i, which), slices.end(i, which)) ?? '';
  const read = Array.from({ length: slices.count }, (_, i) => [of(i, 0), of(i, 2)] as const);
  assert.deepEqual(Object.fromEntries(read), labels);
});

test('keys with escapes are what they say: a frame', () => {
  const key = '\\u0072esourceVersion';
  // Another key, which begins as that one is written and is as long as it is.
  const other = JSON.stringify(key.slice(0, 'resourceVersion'.length));
  fc.assert(
    fc.property(value, fc.boolean(), (members, right) => {
      const metadata = `{"n\\u0061me":"x",${right ? `"${key}"` : other}:"7"}`;
      const frame = Buffer.from(`{"type":"ADDED","object":{"metadata":${metadata},"spec":${text(members)}}}`);
      assert.equal(frameResourceVersion(frame, 0, frame.length), right ? '7' : '');
    }),
    fuzz(500),
  );
});

test('text without an escape in a key is read as by JSON.parse, whatever its values hold', () => {
  fc.assert(
    fc.property(looseJson, (json) => {
      const bytes = Buffer.from(json);
      assert.deepEqual(parseJson(bytes), hasEscapedKey(json) ? parseExactly(bytes, Number) : JSON.parse(json));
    }),
    fuzz(500),
  );
});
