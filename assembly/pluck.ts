/*
 * AssemblyScript: one member of every object of a list, where each is a text that JSON.stringify would write as it stands. The
 * text is known to be JSON. Positions are addresses.
 */
import { copy, same } from './bytes';
import { isPlain, plainKeyEnd } from './json-members';
import { skipTrusted } from './skip-trusted';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;

/** Where the key that is looked for is to be put. */
const KEY: usize = memory.data(256);

export function keyPlace(): usize {
  return KEY;
}

/**
 * Writes the list of those texts.
 * @param out room for what is read, and 16 bytes
 * @returns the position behind what was written; 0 where it is no compact list of such objects
 */
export function pluck(p: usize, end: usize, keyLength: usize, out: usize): usize {
  if (load<u8>(p++) !== OPEN_BRACKET) return 0;
  store<u8>(out++, <u8>OPEN_BRACKET);
  let next: u32 = load<u8>(p);
  if (next === CLOSE_BRACKET) {
    store<u8>(out, <u8>CLOSE_BRACKET);
    return out + 1;
  }
  while (true) {
    // Of two members of one key the last one counts.
    let value: usize = 0;
    let valueEnd: usize = 0;
    if (load<u8>(p++) !== OPEN_BRACE) return 0;
    next = COMMA;
    while (next === COMMA) {
      const key = p + 1;
      const keyEnd = load<u8>(p) === QUOTE ? plainKeyEnd(key, end) : 0;
      if (keyEnd === 0 || load<u8>(keyEnd + 1) !== COLON) return 0;
      const memberEnd = skipTrusted(keyEnd + 2, end);
      if (memberEnd === 0) return 0;
      if (keyEnd - key === keyLength && same(key, KEY, keyLength)) {
        value = keyEnd + 2;
        valueEnd = memberEnd;
      }
      next = load<u8>(memberEnd);
      p = memberEnd + 1;
    }
    if (next !== CLOSE_BRACE || value === 0 || load<u8>(value) !== QUOTE || !isPlain(value)) return 0;
    copy(out, value, valueEnd - value);
    out += valueEnd - value;
    next = load<u8>(p++);
    if (next !== COMMA && next !== CLOSE_BRACKET) return 0;
    store<u8>(out++, <u8>next);
    if (next === CLOSE_BRACKET) return out;
  }
  // biome-ignore lint/correctness/noUnreachable: AssemblyScript does not see that
  return 0;
}
