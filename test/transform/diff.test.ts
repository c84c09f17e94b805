import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonPatch, mergePatch } from '../../src/transform/diff.ts';
import { fuzz } from '../support/fuzz.ts';
import { applyJsonPatch, applyMergePatch, isMembers } from './patch-apply.ts';
import { bytesOf } from './sample-record.ts';

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const parsed = (bytes: Uint8Array | undefined): unknown => bytes && JSON.parse(Buffer.from(bytes).toString());

/** Few keys and small values, so that two documents have much in common; keys that are traps among them. */
const key = fc.constantFrom('a', 'b', 'c', 'a/b', 'm~n', '', '__proto__', 'constructor', '0', 'é"');
const { document } = fc.letrec<{ document: unknown; value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1, 1.5, '', 'x', 'y'),
    fc.array(tie('value'), { maxLength: 6 }),
    tie('document'),
  ),
  document: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
}));

/** Null members count as absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMembers(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null)
      .map(([k, v]) => [k, withoutNulls(v)]),
  );
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('JSON Merge Patch', () => {
  test('says what changed, with null for what has gone', () => {
    const before = { a: 1, b: { c: 'x', d: [1, 2] }, gone: true };
    const after = { a: 1, b: { c: 'y', d: [1, 2], e: {} } };
    assert.deepEqual(parsed(mergePatch(bytesOf(before), bytesOf(after))), { b: { c: 'y', e: {} }, gone: null });
  });

  test('equal documents have none, whatever the order of members, white space and null members', () => {
    assert.equal(
      mergePatch(bytesOf({ a: 1, b: [{ c: null, d: 2 }] }), Buffer.from('{ "b" : [{"d":2}], "a":1, "n":null }')),
      undefined,
    );
  });

  test('applied to the one document it gives the other, null members aside', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const patch = parsed(mergePatch(bytesOf(a), bytesOf(b)));
        const result = patch === undefined ? plain(a) : applyMergePatch(plain(a), patch);
        assert.deepEqual(withoutNulls(result), withoutNulls(plain(b)));
        if (patch === undefined) assert.deepEqual(withoutNulls(plain(a)), withoutNulls(plain(b)));
      }),
      fuzz(500),
    );
  });

  test('says nothing that has not changed', () => {
    fc.assert(
      fc.property(document, (a) =>
        assert.equal(mergePatch(bytesOf(a), Buffer.from(JSON.stringify(a, null, 1))), undefined),
      ),
    );
  });

  test('integers of 64 bits and more keep every digit', () => {
    const before = Buffer.from('{"a":9007199254740993,"same":18446744073709551615,"s":"1234567890123456789"}');
    const after = Buffer.from(
      '{"a":9007199254740992,"same":18446744073709551615,"s":"1234567890123456780","n":[-9223372036854775808]}',
    );
    assert.equal(
      textOf(mergePatch(before, after)),
      '{"a":9007199254740992,"s":"1234567890123456780","n":[-9223372036854775808]}',
    );
  });
});

describe('JSON Patch', () => {
  test('has add, remove and replace with escaped paths', () => {
    const before = { a: 1, 'x/y': { 'm~n': 1 }, gone: null };
    const after = { a: 2, 'x/y': { 'm~n': [1] }, n: null };
    assert.deepEqual(parsed(jsonPatch(bytesOf(before), bytesOf(after))), [
      { op: 'remove', path: '/gone' },
      { op: 'replace', path: '/a', value: 2 },
      { op: 'replace', path: '/x~1y/m~0n', value: [1] },
      { op: 'add', path: '/n', value: null },
    ]);
  });

  test('an element that is added or removed leaves the others alone; one that changed is changed inside', () => {
    const list = (...names: string[]) => ({ l: names.map((name) => ({ name, big: [1, 2, 3] })) });
    assert.deepEqual(parsed(jsonPatch(bytesOf(list('a', 'b', 'c')), bytesOf(list('a', 'n', 'b', 'c')))), [
      { op: 'add', path: '/l/1', value: { name: 'n', big: [1, 2, 3] } },
    ]);
    assert.deepEqual(parsed(jsonPatch(bytesOf(list('a', 'b', 'c')), bytesOf(list('c')))), [
      { op: 'remove', path: '/l/0' },
      { op: 'remove', path: '/l/0' },
    ]);
    assert.deepEqual(parsed(jsonPatch(bytesOf(list('a', 'b', 'c')), bytesOf(list('a', 'x', 'c')))), [
      { op: 'replace', path: '/l/1/name', value: 'x' },
    ]);
  });

  test('applied to the one document it gives exactly the other', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const patch = parsed(jsonPatch(bytesOf(a), bytesOf(b))) as Parameters<typeof applyJsonPatch>[1] | undefined;
        assert.deepEqual(applyJsonPatch(plain(a), patch ?? []), plain(b));
      }),
      fuzz(500),
    );
  });

  test('lists too long to be matched are still changed right', () => {
    const a = Array.from({ length: 600 }, (_, i) => i);
    const b = [...a].reverse();
    const patch = parsed(jsonPatch(bytesOf({ a }), bytesOf({ a: b.slice(5) }))) as Parameters<typeof applyJsonPatch>[1];
    assert.deepEqual(applyJsonPatch({ a }, patch), { a: b.slice(5) });
  });

  test('integers of 64 bits and more keep every digit', () => {
    const patch = jsonPatch(
      Buffer.from('{"a":[9007199254740993]}'),
      Buffer.from('{"a":[9007199254740992,12345678901234567890]}'),
    );
    assert.equal(
      textOf(patch),
      '[{"op":"replace","path":"/a/0","value":9007199254740992},{"op":"add","path":"/a/1","value":12345678901234567890}]',
    );
  });
});
