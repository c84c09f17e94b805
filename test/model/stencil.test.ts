import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMPOSED_AT, Stencil, setSlot, slotAt, stencilMemory } from '../../src/model/stencil.ts';

const SAMPLES = ['<a>', '<longer sample>', '<c>'];
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => s.toWellFormed().replaceAll('<', ''));
const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ019-.'), maxLength: 170 });

function fill(values: readonly string[]): void {
  for (const [slot, value] of values.entries()) setSlot(slot, stencilMemory.write(value, slotAt(slot)));
}

function composed(stencils: readonly Stencil[]): string {
  const end = stencils.reduce((at, stencil) => stencil.compose(at), 0);
  return stencilMemory.toString('utf8', COMPOSED_AT, COMPOSED_AT + end);
}

test('a stencil makes the text with what the slots have, again and again', () => {
  const pieces = fc.array(fc.oneof(text, fc.constantFrom(...SAMPLES)), { maxLength: 12 });
  // More of them than there is room for at once.
  const all: { stencil: Stencil; pieces: string[] }[] = [];
  fc.assert(
    fc.property(pieces, fc.array(ascii, { minLength: 3, maxLength: 3 }), fc.nat(), (parts, values, which) => {
      const stencil = Stencil.cut(parts.join(''), [...SAMPLES.entries()]);
      assert.ok(stencil !== undefined);
      all.push({ stencil, pieces: parts });
      const earlier = all[which % all.length] as (typeof all)[0];
      const filled = (p: readonly string[]): string => p.map((part) => values[SAMPLES.indexOf(part)] ?? part).join('');
      fill(values);
      assert.equal(composed([stencil, earlier.stencil]), filled(parts) + filled(earlier.pieces));
    }),
    { numRuns: 3000 },
  );
});

test('stencils that have lost their place to others are put in again', () => {
  fill(['x', 'y', 'z']);
  const large = Array.from({ length: 100 }, (_, i) => `${i}:${'-'.repeat(7000)}<a>`);
  const stencils = large.map((t) => Stencil.cut(t, [...SAMPLES.entries()]) as Stencil);
  for (const round of [1, 2])
    for (const [i, stencil] of stencils.entries())
      assert.equal(composed([stencil]), large[i]?.replace('<a>', 'x'), `round ${round}`);
});

test('a text that is too long, or has too many places, has none', () => {
  assert.equal(Stencil.cut('x'.repeat(8 * 1024), []), undefined);
  assert.equal(Stencil.cut('<a>'.repeat(33), [...SAMPLES.entries()]), undefined);
});
