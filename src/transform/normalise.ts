import { ExactNumber } from './diff.ts';
import { parseLong } from './digits.ts';

/**
 * The slow way for JSON with escaped keys or keys that stand twice: what a parser makes of it (the last one counts),
 * written again. Numbers keep their digits.
 * @throws SyntaxError
 */
export function normalise(b: Buffer, start: number, end: number): Buffer {
  const value = parseLong(b.subarray(start, end), (source) => new ExactNumber(source));
  return Buffer.from(JSON.stringify(value));
}
