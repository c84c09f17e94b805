import { parseExactly } from '../model/json-exact.ts';
import { asBuffer } from '../model/json-skip.ts';

const ZERO = 0x30;
const NINE = 0x39;

/** Numbers of fewer digits than this are exact as doubles. */
export const LONG_NUMBER = 16;

/**
 * Whether the bytes hold a run of LONG_NUMBER digits or more, in a number or in a string. Only then is it worth the price
 * (several times JSON.parse) of reading numbers from their source text. Such a run covers one in LONG_NUMBER places, so that
 * most bytes are not looked at.
 */
export function hasLongNumber(bytes: Uint8Array): boolean {
  for (let at = LONG_NUMBER - 1; at < bytes.length; at += LONG_NUMBER) {
    if (!isDigit(bytes[at])) continue;
    let start = at;
    while (start > 0 && isDigit(bytes[start - 1])) start--;
    let end = at + 1;
    while (end < bytes.length && isDigit(bytes[end])) end++;
    if (end - start >= LONG_NUMBER) return true;
  }
  return false;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/**
 * JSON.parse that gives each number which a double does not hold exactly to `exact`, with the text it was written in.
 * @throws SyntaxError
 */
export function parseLong(bytes: Uint8Array, exact: (source: string, value: number) => unknown): unknown {
  return parseExactly(asBuffer(bytes), (source) => {
    const value = Number(source);
    if (Number.isSafeInteger(value)) return value;
    // A fraction is as near as a double is; what is beyond doubles would be null.
    return Number.isFinite(value) && !Number.isInteger(value) ? value : exact(source, value);
  });
}

export const INTEGER = /^-?[0-9]+$/;
