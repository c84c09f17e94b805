import { parseJson } from '../../model/json-parse.ts';
import { skipSpace } from '../../model/json-skip.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;

/** Where the keys and values of a row's labels lie. Used again for row after row. */
export class LabelSlices {
  /** Undefined for none; else a buffer with the texts. */
  bytes: Buffer | undefined;
  count = 0;
  /** Start and end of a key, start and end of its value. */
  #slices = new Int32Array(64);

  /**
   * @param start of JSON text; negative where there is none
   * @throws SyntaxError where it is no JSON
   */
  set(b: Buffer, start: number, end: number): void {
    this.count = 0;
    this.bytes = undefined;
    if (start < 0) return;
    if (this.#plain(b, start, end) && !this.#repeats(b)) this.bytes = b;
    else this.#parsed(b.subarray(start, end));
  }

  /** @param which 0 for the key, 2 for the value */
  start(label: number, which: 0 | 2): number {
    return this.#slices[label * 4 + which] as number;
  }

  end(label: number, which: 0 | 2): number {
    return this.#slices[label * 4 + which + 1] as number;
  }

  /** Texts without escapes, as Kubernetes has them: taken as they are. @returns false where there is anything else */
  #plain(b: Buffer, start: number, end: number): boolean {
    let p = skipSpace(b, start, end);
    if (p >= end || b[p] !== OPEN_BRACE) return false;
    p = skipSpace(b, p + 1, end);
    if (p < end && b[p] === CLOSE_BRACE) return skipSpace(b, p + 1, end) === end;
    for (;;) {
      const keyEnd = this.#text(b, p, end);
      if (keyEnd < 0) return false;
      const colon = skipSpace(b, keyEnd, end);
      if (colon >= end || b[colon] !== COLON) return false;
      const value = skipSpace(b, colon + 1, end);
      const valueEnd = this.#text(b, value, end);
      if (valueEnd < 0) return false;
      this.#add(p + 1, keyEnd - 1, value + 1, valueEnd - 1);
      const next = skipSpace(b, valueEnd, end);
      if (next >= end) return false;
      if (b[next] === CLOSE_BRACE) return skipSpace(b, next + 1, end) === end;
      if (b[next] !== COMMA) return false;
      p = skipSpace(b, next + 1, end);
    }
  }

  /** @returns where the text ends, with its quotes; negative where it is no text, or has escapes */
  #text(b: Buffer, start: number, end: number): number {
    if (start >= end || b[start] !== QUOTE) return -1;
    for (let p = start + 1; p < end; p++) {
      const c = b[p] as number;
      if (c === QUOTE) return p + 1;
      if (c === BACKSLASH || c < 0x20) return -1;
    }
    return -1;
  }

  /** Of two equal keys the last counts, which is what a parser does. */
  #repeats(b: Buffer): boolean {
    for (let i = 1; i < this.count; i++) {
      const start = this.start(i, 0);
      const length = this.end(i, 0) - start;
      for (let j = 0; j < i; j++) {
        const other = this.start(j, 0);
        if (this.end(j, 0) - other !== length) continue;
        let k = 0;
        while (k < length && b[start + k] === b[other + k]) k++;
        if (k === length) return true;
      }
    }
    return false;
  }

  #parsed(json: Buffer): void {
    this.count = 0;
    const labels: unknown = parseJson(json);
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return;
    const texts = Object.entries(labels).flatMap(([key, value]) => [
      Buffer.from(key),
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    ]);
    this.bytes = Buffer.concat(texts);
    let at = 0;
    for (let i = 0; i < texts.length; i += 2) {
      const keyEnd = at + texts[i]!.length;
      const valueEnd = keyEnd + texts[i + 1]!.length;
      this.#add(at, keyEnd, keyEnd, valueEnd);
      at = valueEnd;
    }
  }

  #add(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (this.count * 4 === this.#slices.length) {
      const grown = new Int32Array(this.#slices.length * 2);
      grown.set(this.#slices);
      this.#slices = grown;
    }
    const slices = this.#slices;
    const at = this.count++ * 4;
    slices[at] = keyStart;
    slices[at + 1] = keyEnd;
    slices[at + 2] = valueStart;
    slices[at + 3] = valueEnd;
  }
}
