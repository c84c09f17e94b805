import { parseExactly } from './json-exact.ts';
import { asBuffer, skipSpace, skipString } from './json-skip.ts';

const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * JSON.parse for what others have written: keys with escapes are right (see parseExactly). It costs a look for backslashes
 * more than JSON.parse, and only a text with an escape in a key takes several times as long.
 * @throws SyntaxError; RangeError where a text with an escape in a key is nested too deeply for the stack
 */
export function parseJson(bytes: Uint8Array): unknown {
  const b = asBuffer(bytes);
  return hasEscapedKey(b) ? parseExactly(b, Number) : (JSON.parse(b.toString('utf8')) as unknown);
}

/** Of text that is JSON; of other text it may say anything. A backslash stands in strings only. */
function hasEscapedKey(b: Buffer): boolean {
  for (let at = b.indexOf(BACKSLASH); at >= 0; at = b.indexOf(BACKSLASH, at)) {
    at = skipString(b, at, b.length);
    if (at < 0) return false;
    const behind = skipSpace(b, at, b.length);
    if (b[behind] === COLON) return true;
  }
  return false;
}
