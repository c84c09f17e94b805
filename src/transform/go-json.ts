import { goJson } from '../model/go-json.ts';
import { parseJson } from '../model/json-parse.ts';
import { hasLongNumber, INTEGER, parseLong } from './digits.ts';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** As Go's json.Encoder writes an object that was decoded into maps, with the line break behind it. */
export function writeGoJson(value: unknown): string {
  return `${goJson(value)}\n`;
}

/**
 * Integers are exact up to 64 bits, as a bigint where a number would not be; beyond that they are numbers, as in Go.
 * @throws SyntaxError
 */
export function parseGoJson(bytes: Uint8Array): unknown {
  if (!hasLongNumber(bytes)) return parseJson(bytes);
  return parseLong(bytes, (source, value) => {
    if (!INTEGER.test(source)) return value;
    const exact = BigInt(source);
    return exact > MAX_INT64 || exact < MIN_INT64 ? value : exact;
  });
}
