import { ByteWriter } from '../model/byte-writer.ts';
import { EditList, MASK } from '../model/edit-list.ts';
import { JsonScan } from '../model/json-scan.ts';
import { skipSpace, skipString, skipValue, stringAt } from '../model/json-skip.ts';
import type { PathToken } from '../model/json-trie.ts';
import { ANNOTATIONS, ANNOTATIONS_TRIE, SLOTS } from './object-paths.ts';

/** What stands where a value was redacted. */
export const PLACEHOLDER = '[REDACTED]';

const MASKED = Buffer.from(JSON.stringify(PLACEHOLDER));
const QUOTE = 0x22;
const COLON = 0x3a;
/** Shorter values than this are not looked for in annotations: the shortest base64 of anything has 4 characters. */
const MIN_LEAF = 4;

/** Writes a valid JSON value with each leaf replaced; keys and structure stay. An empty object or array stays as well. */
export function maskLeaves(b: Buffer, start: number, end: number, out: ByteWriter): void {
  eachToken(b, start, end, (from, to, leaf) => out.bytes(leaf ? MASKED : b.subarray(from, to)));
}

/** Goes through a valid JSON value in order: leaves, and in between what is none (keys, punctuation, white space). */
function eachToken(
  b: Buffer,
  start: number,
  end: number,
  visit: (from: number, to: number, leaf: boolean) => void,
): void {
  let plain = start;
  for (let p = start; p < end; ) {
    const c = b[p] as number;
    let leafEnd = -1;
    if (c === QUOTE) {
      const close = skipString(b, p + 1, end);
      const next = skipSpace(b, close, end);
      if (next < end && b[next] === COLON) p = next + 1;
      else leafEnd = close;
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39) || c === 0x74 || c === 0x66 || c === 0x6e)
      leafEnd = skipValue(b, p, end);
    else p++;
    if (leafEnd < 0) continue;
    if (p > plain) visit(plain, p, false);
    visit(p, leafEnd, true);
    p = leafEnd;
    plain = p;
  }
  if (end > plain) visit(plain, end, false);
}

/**
 * Redacts copies of redacted values in annotations. The whole value of an annotation is replaced where it
 * - is kubectl's last-applied-configuration, or that of another tool (`last-applied` in its name),
 * - looks like an object or patch: JSON that has one of the usual keys of an object or a key of a redacted path,
 *   or gzip in base64 (as Rancher's `objectset.rio.cattle.io/applied`),
 * - contains a redacted value.
 */
export class AnnotationScrubber {
  readonly #marks: Buffer[];
  readonly #scan = new JsonScan(SLOTS);
  readonly #edits = new EditList();
  readonly #out = new ByteWriter();

  constructor(redact: readonly (readonly PathToken[])[]) {
    const keys = new Set(['apiVersion', 'kind', 'metadata', 'data', 'stringData', 'binaryData', 'spec']);
    for (const tokens of redact) for (const token of tokens) if ('key' in token) keys.add(token.key);
    // Inside the annotation's string the quotes of a key are escaped.
    this.#marks = [...keys].map((key) => Buffer.from(JSON.stringify(JSON.stringify(key)).slice(1, -1)));
  }

  /**
   * @param object JSON text of the object, already redacted
   * @param original where its redacted values are found: text and the edits that were made
   * @returns the text itself where nothing had to be done, else a view that is valid until the next call
   */
  scrub(object: Buffer, original: Buffer, edits: EditList): Buffer {
    if (this.#scan.run(object, 0, object.length, ANNOTATIONS_TRIE) < 0) throw new Error('redaction gave invalid JSON');
    const start = this.#scan.start(ANNOTATIONS);
    if (start < 0 || object[start] !== 0x7b) return object;
    const leaves = redactedValues(original, edits);
    this.#edits.length = 0;
    const end = this.#scan.end(ANNOTATIONS);
    for (let p = skipSpace(object, start + 1, end); object[p] === QUOTE; ) {
      const keyEnd = skipString(object, p + 1, end);
      const valueStart = skipSpace(object, skipSpace(object, keyEnd, end) + 1, end);
      const valueEnd = skipValue(object, valueStart, end);
      if (this.#repeats(stringAt(object, p, keyEnd), object.subarray(valueStart, valueEnd), leaves)) {
        this.#edits.push(valueStart, valueEnd, MASK);
      }
      p = skipSpace(object, valueEnd, end);
      if (object[p] === 0x2c) p = skipSpace(object, p + 1, end);
    }
    if (this.#edits.length === 0) return object;
    this.#out.reset();
    let at = 0;
    for (let i = 0; i < this.#edits.length; i++) {
      this.#out.bytes(object.subarray(at, this.#edits.start(i)));
      this.#out.bytes(MASKED);
      at = this.#edits.end(i);
    }
    this.#out.bytes(object.subarray(at));
    return this.#out.view();
  }

  #repeats(name: string, value: Buffer, leaves: readonly Buffer[]): boolean {
    if (name.includes('last-applied') || value.indexOf('H4sI') === 1) return true;
    if (isJsonText(value) && this.#marks.some((mark) => value.includes(mark))) return true;
    return leaves.some((leaf) => value.includes(leaf));
  }
}

/** Whether a JSON string holds JSON of an object or array. */
function isJsonText(value: Buffer): boolean {
  let p = 1;
  while (value[p] === 0x20 || (value[p] === 0x5c && 'nrt'.includes(String.fromCharCode(value[p + 1] ?? 0))))
    p += value[p] === 0x20 ? 1 : 2;
  return value[p] === 0x7b || value[p] === 0x5b;
}

/** Redacted strings as they stand in the text, and as they stand in JSON that is itself a string. */
function redactedValues(b: Buffer, edits: EditList): Buffer[] {
  const values: Buffer[] = [];
  for (let i = 0; i < edits.length; i++) {
    if (edits.kind(i) !== MASK) continue;
    eachToken(b, edits.start(i), edits.end(i), (from, to, leaf) => {
      if (!leaf || b[from] !== QUOTE || to - from - 2 < MIN_LEAF) return;
      const text = b.subarray(from + 1, to - 1);
      values.push(text);
      if (text.includes(0x5c)) values.push(Buffer.from(JSON.stringify(text.toString('utf8')).slice(1, -1)));
    });
  }
  return values;
}
