import fc from 'fast-check';

/**
 * Property tests give the same values in every run; fast-check prints the seed and the path of a failure. With
 * WATERSHARD_FUZZ_SEED=<integer> they give others, and with WATERSHARD_FUZZ_RUNS=<factor> so many times as many.
 */
export function fuzz(numRuns = 100): { readonly seed: number; readonly numRuns: number } {
  const { WATERSHARD_FUZZ_SEED: seed = '1', WATERSHARD_FUZZ_RUNS: factor = '1' } = process.env;
  return { seed: Number(seed), numRuns: Math.ceil(numRuns * Number(factor)) };
}

/** Text with a few bytes put in, taken out or doubled: near to what it was, and mostly wrong. */
export function damaged(text: fc.Arbitrary<string>, pieces: readonly string[]): fc.Arbitrary<Buffer> {
  const edit = fc.record({ at: fc.nat(), cut: fc.nat({ max: 4 }), put: fc.constantFrom(...pieces) });
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([whole, edits]) =>
    edits.reduce((bytes, { at, cut, put }) => {
      const from = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, from), Buffer.from(put, 'latin1'), bytes.subarray(from + cut)]);
    }, Buffer.from(whole)),
  );
}

/**
 * Any code point that is no half of a surrogate pair, ASCII more often. fast-check's own unit 'binary' first makes a table
 * of all 1.1 million of them, which takes a second in each process.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10f7ff }))
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));
