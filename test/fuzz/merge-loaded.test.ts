import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadAfter, mergeLoaded } from '../../src/model/loaded-text.ts';
import { mergePatch } from '../../src/transform/diff.ts';
import { SiblingDecoder, SiblingDictionary, SiblingEncoder } from '../../src/transform/sibling-codec.ts';
import { damaged, fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';

/*
 * A merge patch is made in WebAssembly where both texts are in its memory and of the usual form, else in JavaScript.
 */
const encoder = new SiblingEncoder();
const decoder = new SiblingDecoder();
const siblings = new SiblingDictionary(Buffer.from('{"a":1}'));

/** @returns undefined where it is for JavaScript, '' where there is no difference */
function merged(before: Buffer, after: Buffer): string | undefined {
  const was = decoder.decode(Buffer.from(encoder.encode(before, siblings)), siblings, before.length);
  assert.deepEqual(was, before);
  const patch = mergeLoaded(was as Buffer, loadAfter(after));
  return patch === false ? '' : patch?.toString();
}

function assertSame(before: Buffer, after: Buffer): boolean {
  const patch = merged(before, after);
  if (patch === undefined) return false;
  const expected = Buffer.from(mergePatch(before, after) ?? '').toString();
  assert.equal(patch, expected, `${before.toString()} ${after.toString()}`);
  return true;
}

type Pair = readonly [before: string, after: string];

const plain = fc.constantFrom(
  'null',
  'true',
  'false',
  '0',
  '1',
  '12',
  '-1',
  '""',
  '"x"',
  '"xy"',
  '"a\\nb"',
  '{}',
  '[]',
);
const odd = fc.constantFrom(
  '-0',
  '1.0',
  '1e0',
  '12345678901234567890',
  '"\\u0061"',
  '"\\/"',
  '{ }',
  '[ ]',
  '1 ',
  '"é𝄞"',
);
const scalar = fc.oneof({ weight: 40, arbitrary: plain }, { weight: 1, arbitrary: odd });
const key = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('a', 'b', 'c', 'dd', 'ee', '', '__proto__', 'constructor', 'toJSON', 'é') },
  { weight: 1, arbitrary: fc.constantFrom('0', '10', '1a', '\\u0061', 'a\\n') },
);
const member = (name: string, value: string): string => `"${name}":${value}`;

/** Two texts that have much in common, sometimes with two members of one key. */
const { document } = fc.letrec<{ pair: Pair; value: string; document: Pair }>((tie) => {
  const members = fc.tuple(
    fc.array(fc.tuple(key, tie('pair') as fc.Arbitrary<Pair>, fc.nat({ max: 30 })), { maxLength: 6 }),
    fc.boolean(),
    fc.nat({ max: 9 }),
  );
  const object = members.map(([list, unique, turn]): Pair => {
    const kept = unique ? list.filter(([name], i) => list.findIndex(([other]) => other === name) === i) : list;
    const before = kept.filter(([, , how]) => how !== 0).map(([name, [was]]) => member(name, was));
    const after = kept.filter(([, , how]) => how !== 1).map(([name, [, is]]) => member(name, is));
    if (turn === 0) after.reverse();
    return [`{${before.join(',')}}`, `{${after.join(',')}}`];
  });
  const list = fc.array(fc.tuple(tie('pair') as fc.Arbitrary<Pair>, fc.nat({ max: 20 })), { maxLength: 4 });
  return {
    document: object,
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      (tie('pair') as fc.Arbitrary<Pair>).map(([was]) => was),
    ),
    pair: fc.oneof(
      { maxDepth: 8, depthSize: 'large' },
      { weight: 2, arbitrary: fc.tuple(scalar, scalar) },
      { weight: 4, arbitrary: scalar.map((text): Pair => [text, text]) },
      { weight: 1, arbitrary: fc.tuple(tie('value') as fc.Arbitrary<string>, tie('value') as fc.Arbitrary<string>) },
      { weight: 4, arbitrary: object },
      {
        weight: 2,
        arbitrary: list.map(
          (items): Pair => [
            `[${items.flatMap(([[was], how]) => (how === 0 ? [] : [was])).join(',')}]`,
            `[${items.flatMap(([[, is], how]) => (how === 1 ? [] : [is])).join(',')}]`,
          ],
        ),
      },
    ),
  };
});

test('a patch made in WebAssembly is the same, byte for byte', () => {
  let made = 0;
  fc.assert(
    fc.property(document, ([before, after]) => {
      if (assertSame(Buffer.from(before), Buffer.from(after))) made++;
    }),
    fuzz(3000),
  );
  assert.ok(made > fuzz(3000).numRuns / 3, `${made} were made`);
});

test('a text of any form is left to JavaScript, or its patch is the same', () => {
  const compact = fc.tuple(looseJson, fc.boolean()).map(([text, as]) => (as ? text : JSON.stringify(JSON.parse(text))));
  fc.assert(
    fc.property(compact, compact, (before, after) => {
      assertSame(Buffer.from(`{"a":${before}}`), Buffer.from(`{"a":${after}}`));
    }),
    fuzz(1000),
  );
});

test('what was damaged ends nothing', () => {
  const pieces = ['"', '\\', '{', '}', '[', ']', ',', ':', '\0', ' ', '1', 'n'];
  const broken = damaged(
    document.map(([before]) => before),
    pieces,
  );
  fc.assert(
    fc.property(broken, document, (before, [, after]) => {
      merged(before, Buffer.from(after));
    }),
    fuzz(1000),
  );
});

test('many members, and deep ones, are left to JavaScript or give the same', () => {
  const wide = (size: number, value: string): Buffer =>
    Buffer.from(`{${Array.from({ length: size }, (_, i) => `"k${i}":${value}`).join(',')}}`);
  for (const size of [1, 63, 64, 65, 66, 500]) assertSame(wide(size, '1'), wide(size, '2'));
  assert.equal(assertSame(wide(60, '1'), wide(60, '2')), true);
  const deep = (depth: number, value: string): Buffer =>
    Buffer.from(`${'{"a":['.repeat(depth)}${value}${']}'.repeat(depth)}`);
  for (const depth of [1, 20, 23, 24, 25, 26, 60, 2000]) assertSame(deep(depth, '1'), deep(depth, '2'));
  assert.equal(assertSame(deep(20, '1'), deep(20, '2')), true);
});
