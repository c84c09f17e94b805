import { JsonScan } from '../model/json-scan.ts';
import { compileTrie, type PathTarget, type PathToken } from '../model/json-trie.ts';
import { parseForCel } from './extract.ts';

const OPEN_BRACE = 0x7b;

interface Part {
  readonly key: string;
  readonly slot: number;
  /** Empty where all of it is read. */
  readonly parts: readonly Part[];
}

/**
 * Reads of an object only what expressions can see: the slices of these paths, each parsed by itself. On their way there an
 * object has only the members that lead on; what is no object there stands as it is, for the error that it makes.
 */
export class CelObjects {
  readonly #parts: readonly Part[];
  readonly #trie: ReturnType<typeof compileTrie>;
  readonly #scan: JsonScan;

  /** @param reads undefined to read everything */
  static reading(reads: readonly (readonly string[])[] | undefined): (text: Buffer) => unknown {
    // Managed fields are read in a way of their own, and are seldom asked for.
    if (reads === undefined || reads.some(([first, second]) => first === 'metadata' && isManaged(second)))
      return parseForCel;
    const objects = new CelObjects(reads);
    return (text) => objects.#read(text);
  }

  private constructor(reads: readonly (readonly string[])[]) {
    const targets: PathTarget[] = [];
    const below = (tokens: readonly PathToken[], paths: readonly (readonly string[])[]): Part[] =>
      [...new Set(paths.map((path) => path[0] as string))].map((key) => {
        const slot = targets.length;
        const path = [...tokens, { key }];
        targets.push({ tokens: path, slot });
        const onward = paths.filter((p) => p[0] === key).map((p) => p.slice(1));
        return { key, slot, parts: onward.some((p) => p.length === 0) ? [] : below(path, onward) };
      });
    this.#parts = below([], reads);
    this.#trie = compileTrie(targets);
    this.#scan = new JsonScan(targets.length);
  }

  #read(text: Buffer): unknown {
    const end = this.#scan.run(text, 0, text.length, this.#trie);
    if (end < 0 || this.#scan.unusual || text[0] !== OPEN_BRACE) return parseForCel(text);
    return this.#object(text, this.#parts);
  }

  #object(text: Buffer, parts: readonly Part[]): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (const { key, slot, parts: inner } of parts) {
      const start = this.#scan.start(slot);
      if (start < 0) continue;
      const isLeaf = inner.length === 0 || text[start] !== OPEN_BRACE;
      const value = isLeaf ? parseForCel(text.subarray(start, this.#scan.end(slot))) : this.#object(text, inner);
      // Set as a member of its own, whatever it is called.
      if (key === '__proto__')
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      else object[key] = value;
    }
    return object;
  }
}

function isManaged(key: string | undefined): boolean {
  return key === undefined || key === 'managedFields';
}
