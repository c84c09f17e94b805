import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExactly } from '../../src/model/json-exact.ts';
import { damaged, fuzz } from '../support/fuzz.ts';
import { hasEscapedKey, looseJson } from '../support/json.ts';

const PIECES = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '.', ' ', '\0', '\xff', 'null'];

test('gives what JSON.parse gives', () => {
  fc.assert(
    fc.property(looseJson, (text) => {
      fc.pre(!hasEscapedKey(text));
      assert.deepEqual(parseExactly(Buffer.from(text), Number), JSON.parse(text));
    }),
    fuzz(1000),
  );
});

test('refuses what JSON.parse refuses, and gives the same for what it does not', () => {
  fc.assert(
    fc.property(damaged(looseJson, PIECES), (bytes) => {
      let expected: unknown;
      try {
        expected = JSON.parse(bytes.toString());
      } catch {
        assert.throws(() => parseExactly(bytes, Number), SyntaxError);
        return;
      }
      const read = parseExactly(bytes, Number);
      if (!hasEscapedKey(bytes.toString())) assert.deepEqual(read, expected);
    }),
    fuzz(1000),
  );
});

/** Shrunk examples in which JSON.parse takes one key for another, or has no source of the number for its reviver. */
test('keys with escapes are what they say, whatever was parsed before', () => {
  const read = (text: string): unknown => parseExactly(Buffer.from(text), (source) => source);
  JSON.parse('{"a":0,"x\\\\":1}');
  assert.deepEqual(read('{"a":0,"x\\n":1}'), { a: '0', 'x\n': '1' });
  assert.deepEqual(read('{"":{},"\\"":1,"\\\\":2}'), { '': {}, '"': '1', '\\': '2' });
  const escaped = '{"\\u0073\\u0070\\u0065\\u0063":{"\\u006detadata":{},"\\u0061":{"metadata":9007199254740993}}}';
  assert.deepEqual(read(escaped), { spec: { metadata: {}, a: { metadata: '9007199254740993' } } });
});

test('the last of two keys counts, and __proto__ is a key', () => {
  assert.deepEqual(parseExactly(Buffer.from('{"b":{"x":1},"a":2,"b":{ }}'), Number), { b: {}, a: 2 });
  const read = parseExactly(Buffer.from('{"__proto__":{"x":1}}'), Number) as object;
  assert.deepEqual(Object.keys(read), ['__proto__']);
});
