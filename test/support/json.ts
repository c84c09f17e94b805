import fc from 'fast-check';
import { anyCharacter } from './fuzz.ts';

/** Strings with everything that a scanner could stumble over. */
const trickyString = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', '\n', '\u0000', '/', 'u', 'é', '𝄞', '\u2028', ' '),
  }),
  fc.constantFrom('metadata', 'name', 'uid', '{"metadata":{"uid":"x"}}', '"', '\\', '__proto__', 'constructor'),
);

/** As it stands in JSON, sometimes with escapes that are not needed. */
const stringText = fc
  .tuple(trickyString, fc.boolean())
  .map(([text, escaped]) =>
    escaped
      ? `"${[...text.toWellFormed()].map((c) => (c.length === 1 && c !== '/' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c === '/' ? '\\/' : c)).join('')}"`
      : JSON.stringify(text.toWellFormed()),
  );

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String),
  fc.constantFrom('0', '-0', '0.0', '1E400', '-1.5e-400', '9007199254740993'),
);

const space = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(' ', '\n', '\t', '\r') }) },
);

/** Valid JSON text of any shape, with white space anywhere and keys in any form, also twice. */
export const looseJson: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null', '{}', '[]', '{ }')),
        fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
        fc
          .array(fc.tuple(space, stringText, space, tie('value')), { minLength: 1, maxLength: 5 })
          .map((members) => `{${members.map(([a, key, b, value]) => `${a}${key}${b}:${value}`).join(',')}}`),
      ),
      space,
    )
    .map((parts) => parts.join('')),
})).value;

/** Values as JSON.parse gives them back: own keys, no undefined, no -0, no lone surrogates. */
export function ownJson<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return arbitrary.map((value) => JSON.parse(JSON.stringify(value).toWellFormed()) as T);
}

/**
 * Whether a key is written with an escape. Such a text is none to compare with JSON.parse: V8 14.6 reads
 * `{"a":0,"x\n":1}` as `{"a":0,"x\\":1}` once it has read the latter.
 */
export function hasEscapedKey(text: string): boolean {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)].some(
    ([string, colon]) => colon !== undefined && string.includes('\\'),
  );
}
