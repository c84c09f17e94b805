import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameObject, frameResourceVersion, frameType, plainObjectStart } from '../../src/model/frame-scan.ts';
import { parseExactly } from '../../src/model/json-exact.ts';
import { listItems, scanList } from '../../src/model/list-scan.ts';
import { damaged, fuzz } from '../support/fuzz.ts';
import { looseJson } from '../support/json.ts';

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
  '\t',
  '\0',
  '\xff',
  '\xc3',
  'null',
  '{}',
  '":',
  '\\u0061',
];

/** Text of a key, with escapes that are not needed. */
const keyText = (key: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(`"${key}"`) },
    { weight: 1, arbitrary: fc.constant(`"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}"`) },
  );

/** An object's text of members in any order, each key possibly absent or standing twice. */
function objectText(members: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const member = fc
    .constantFrom(...Object.keys(members))
    .chain((key) => fc.tuple(keyText(key), members[key] as fc.Arbitrary<string>))
    .map(([key, value]) => `${key}:${value}`);
  return fc.array(member, { maxLength: 6 }).map((all) => `{${all.join(',')}}`);
}

const version = fc.constantFrom('"12"', '"\\u0031"', '7', 'null', '""', '"18446744073709551616"');
const metadata = fc.oneof(
  objectText({
    resourceVersion: version,
    name: fc.constant('"a"'),
    continue: version,
    remainingItemCount: version,
    x: looseJson,
  }),
  looseJson,
);
const object = fc.oneof(
  objectText({ metadata, kind: fc.constant('"Pod"'), items: looseJson, spec: looseJson }),
  looseJson,
);
const type = fc.constantFrom('"ADDED"', '"MODIFIED"', '"BOOKMARK"', '"\\u0045RROR"', '"x"', '1', 'null');
const plain = fc.tuple(type, object).map(([t, o]) => `{"type":${t},"object":${o}}`);
const frame = fc.oneof(plain, objectText({ type, object, x: looseJson }), looseJson);

type Members = Record<string, unknown>;
const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
const TYPES = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];

function parse(bytes: Buffer): { value: unknown } | undefined {
  try {
    return { value: parseExactly(bytes, Number) };
  } catch {
    return undefined;
  }
}

/** Whether a key stands twice somewhere above what is asked for: only the first is read, and no server writes it so. */
const twice = (text: string): boolean => {
  let found = false;
  // A reviver sees each key once, so the keys are counted in the text of the whole.
  for (const key of ['type', 'object', 'metadata', 'resourceVersion', 'items', 'continue', 'remainingItemCount'])
    found ||=
      text.replaceAll(/\\u[0-9a-f]{4}/g, (u) => String.fromCharCode(Number.parseInt(u.slice(2), 16))).split(`"${key}"`)
        .length > 2;
  return found;
};

test('type, version and object of an event are what JSON.parse says', () => {
  fc.assert(
    fc.property(frame, (text) => {
      fc.pre(!twice(text));
      const bytes = Buffer.from(`}{${text}{}`);
      const [start, stop] = [2, bytes.length - 2];
      const value = members(parseExactly(Buffer.from(text), Number));
      const expected = TYPES.find((t) => t === value.type) ?? 'UNKNOWN';
      assert.equal(frameType(bytes, start, stop), expected);
      const found = members(members(value.object).metadata).resourceVersion;
      assert.equal(frameResourceVersion(bytes, start, stop), typeof found === 'string' ? found : '');
      const slice = frameObject(bytes, start, stop);
      if (slice !== undefined)
        assert.deepEqual(parseExactly(bytes.subarray(slice.start, slice.end), Number), value.object);
      // An escaped key is read the slow way by whoever asked.
      else if (!text.includes('\\u')) assert.deepEqual(members(value.object), {});
      const at = plainObjectStart(bytes, start, stop);
      if (at >= 0) assert.equal(bytes[at], 0x7b);
    }),
    fuzz(600),
  );
});

test('a damaged event never gives an object that JSON.parse does not see', () => {
  fc.assert(
    fc.property(damaged(frame, PIECES), (bytes) => {
      frameType(bytes, 0, bytes.length);
      frameResourceVersion(bytes, 0, bytes.length);
      const slice = frameObject(bytes, 0, bytes.length);
      if (slice === undefined) return;
      const parsed = parse(bytes);
      assert.ok(parsed !== undefined, bytes.toString());
      const { object: expected } = members(parsed.value);
      if (twice(bytes.toString())) return;
      assert.deepEqual(parseExactly(bytes.subarray(slice.start, slice.end), Number), expected);
    }),
    fuzz(600),
  );
});

const item = fc.oneof(object, fc.constantFrom('{}', '{"x":[],"kind":"W","metadata":{}}', '{"a":"],\\"kind\\":\\""}'));
const items = fc.oneof(
  fc.array(item, { maxLength: 4 }).map((all) => `[${all.join(',')}]`),
  fc.constantFrom('null', '[]', '[ ]', '{}', '7'),
);
const list = fc.oneof(
  fc.tuple(metadata, items).map(([m, i]) => `{"kind":"L","apiVersion":"v1","metadata":${m},"items":${i}}`),
  fc.tuple(metadata, items).map(([m, i]) => `{"apiVersion":"v1","items":${i},"kind":"L","metadata":${m}}`),
  objectText({ metadata, items, kind: fc.constant('"L"') }),
);

/** Undefined where it is no list or an item is broken. */
function readList(bytes: Buffer): { version: string; token: string; items: unknown[] } | undefined {
  const scan = scanList(bytes);
  if (scan === undefined) return undefined;
  const all: unknown[] = [];
  for (const { start, end } of listItems(bytes, scan)) {
    if (end < 0) return undefined;
    all.push(parseExactly(bytes.subarray(start, end), Number));
  }
  return { version: scan.resourceVersion, token: scan.continue, items: all };
}

function assertList(bytes: Buffer, isStrict: boolean): void {
  const read = readList(bytes);
  const parsed = parse(bytes);
  const whole = members(parsed?.value);
  if (read === undefined) {
    if (!isStrict || !Array.isArray(whole.items) || whole.metadata === undefined) return;
    assert.fail(`refused: ${bytes.toString()}`);
  }
  assert.ok(parsed !== undefined, `taken: ${bytes.toString()}`);
  assert.deepEqual(read.items, whole.items ?? []);
  const { resourceVersion, continue: token } = members(whole.metadata);
  assert.equal(read.version, typeof resourceVersion === 'string' ? resourceVersion : '');
  assert.equal(read.token, typeof token === 'string' ? token : '');
}

test('a list is what JSON.parse says', () => {
  fc.assert(
    fc.property(list, (text) => {
      // An escaped key of a list or its metadata, which no server writes, may be refused.
      fc.pre(!twice(text));
      assertList(Buffer.from(text), !text.includes('\\'));
    }),
    fuzz(500),
  );
});

test('a damaged list is refused, or is what JSON.parse says', () => {
  fc.assert(
    fc.property(damaged(list, PIECES), (bytes) => {
      fc.pre(!twice(bytes.toString()));
      assertList(bytes, false);
    }),
    fuzz(500),
  );
});
