import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SiblingDecoder, SiblingDictionary, SiblingEncoder } from '../../src/transform/sibling-codec.ts';
import { fuzz } from '../support/fuzz.ts';

const decoder = new SiblingDecoder();
/** In WebAssembly and in JavaScript. */
const decode = (encoded: Buffer, dictionary: Buffer, length: number): Buffer | undefined => {
  const siblings = new SiblingDictionary(dictionary);
  const large = decoder.decodeLarge(encoded, siblings, length);
  const text = decoder.decode(encoded, siblings, length);
  assert.deepEqual(text, large);
  return text;
};

/** Texts of few different pieces, so that there is much to copy, and near and far places to copy it from. */
const piece = fc.oneof(
  fc.constantFrom('abcdefghij', 'aaaaaaaa', '"name":"web-1"', 'x', 'abcdefgh', '{"a":{"b":1}}'),
  fc.string({ maxLength: 20 }),
);
const bytes = fc.oneof(
  fc.array(piece, { maxLength: 60 }).map((pieces) => Buffer.from(pieces.join(''))),
  fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)),
);

test('any text comes back, whatever the dictionary is, one after the other', () => {
  const encoder = new SiblingEncoder();
  const large = new SiblingEncoder();
  fc.assert(
    fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (dictionary, texts) => {
      const siblings = new SiblingDictionary(dictionary);
      for (const text of [...texts, dictionary]) {
        const encoded = encoder.encode(text, siblings);
        assert.deepEqual(large.encodeLarge(text, siblings), encoded);
        assert.deepEqual(decode(encoded, dictionary, text.length), text);
        assert.ok(encoded.length <= text.length + 16);
      }
    }),
    fuzz(500),
  );
});

test('what was damaged gives a text of the length that was asked for, or none', () => {
  const encoder = new SiblingEncoder();
  fc.assert(
    fc.property(
      bytes,
      bytes,
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.nat({ max: 2000 }),
      (dictionary, text, at, byte, length) => {
        const encoded = Buffer.from(encoder.encode(text, new SiblingDictionary(dictionary)));
        if (encoded.length > 0) encoded[at % encoded.length] = byte;
        decode(encoded, dictionary, text.length);
        decode(encoded.subarray(0, at % (encoded.length + 1)), dictionary, length);
      },
    ),
    fuzz(500),
  );
});

test('a text that hardly differs takes a few bytes, and a long one too', () => {
  const text = (id: string): Buffer =>
    Buffer.from(JSON.stringify({ a: 'x'.repeat(50_000), id, b: [...Array(5000).keys()] }));
  const encoded = new SiblingEncoder().encode(text('one'), new SiblingDictionary(text('two').subarray(0, 60_000)));
  assert.ok(encoded.length < 20_000, `${encoded.length}`);
  const near = new SiblingEncoder().encode(
    text('one').subarray(0, 50_100),
    new SiblingDictionary(text('two').subarray(0, 60_000)),
  );
  assert.ok(near.length < 30, `${near.length}`);
});
