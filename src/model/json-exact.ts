import { skipSpace, skipString, skipValue, stringAt } from './json-skip.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Makes a value of the text of a number. */
export type MakeNumber = (source: string) => unknown;

/**
 * JSON.parse whose numbers are made of their text, and whose keys are right where they have escapes: V8 14.6 reads
 * `{"a":0,"x\n":1}` as `{"a":0,"x\\":1}` once it has read the latter, and then has no `context.source` for a reviver.
 * As in JSON.parse, the last of two equal keys counts, and any key is a member of its own.
 * @throws SyntaxError, which says nothing of the text; RangeError where it is nested too deeply for the stack
 */
export function parseExactly(b: Buffer, makeNumber: MakeNumber): unknown {
  const start = skipSpace(b, 0, b.length);
  const end = skipValue(b, start, b.length);
  if (end < 0 || skipSpace(b, end, b.length) !== b.length) throw new SyntaxError('not JSON');
  return new Reader(b, makeNumber).value(start);
}

/** Of text whose grammar was checked. */
class Reader {
  readonly #b: Buffer;
  readonly #makeNumber: MakeNumber;
  /** Behind what was read. */
  #at = 0;

  constructor(b: Buffer, makeNumber: MakeNumber) {
    this.#b = b;
    this.#makeNumber = makeNumber;
  }

  value(p: number): unknown {
    const b = this.#b;
    switch (b[p]) {
      case QUOTE:
        return this.#string(p);
      case OPEN_BRACE:
        return this.#object(p);
      case OPEN_BRACKET:
        return this.#array(p);
      case 0x74: // true
        this.#at = p + 4;
        return true;
      case 0x66: // false
        this.#at = p + 5;
        return false;
      case 0x6e: // null
        this.#at = p + 4;
        return null;
      default:
        this.#at = skipValue(b, p, b.length);
        return this.#makeNumber(b.toString('latin1', p, this.#at));
    }
  }

  #string(p: number): string {
    this.#at = skipString(this.#b, p + 1, this.#b.length);
    return stringAt(this.#b, p, this.#at);
  }

  #object(p: number): Record<string, unknown> {
    const b = this.#b;
    const object: Record<string, unknown> = {};
    p = skipSpace(b, p + 1, b.length);
    while (b[p] !== CLOSE_BRACE) {
      const key = this.#string(p);
      p = skipSpace(b, skipSpace(b, this.#at, b.length) + 1, b.length);
      const value = this.value(p);
      // An assignment to it would set the prototype.
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
      p = this.#behindComma();
    }
    this.#at = p + 1;
    return object;
  }

  #array(p: number): unknown[] {
    const b = this.#b;
    const array: unknown[] = [];
    p = skipSpace(b, p + 1, b.length);
    while (b[p] !== CLOSE_BRACKET) {
      array.push(this.value(p));
      p = this.#behindComma();
    }
    this.#at = p + 1;
    return array;
  }

  /** At the next element, or at what closes. */
  #behindComma(): number {
    const p = skipSpace(this.#b, this.#at, this.#b.length);
    return this.#b[p] === COMMA ? skipSpace(this.#b, p + 1, this.#b.length) : p;
  }
}
