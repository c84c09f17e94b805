import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { SiblingDecoder, SiblingDictionary, SiblingEncoder } from './sibling-codec.ts';

/**
 * Keeps objects small: as the difference from a sibling of the same stream, the dictionary (a 4 KB pod takes about 400 bytes
 * and 10 µs; deflate takes 280 bytes and 60 µs: docs/decisions/0013-own-codec-for-snapshots.md). A packed object says which
 * dictionary it needs:
 *
 *     u32 dictionary id | u32 length of the object, and the bit ENCODED | sibling-codec.ts
 *
 * A dictionary lies in the known-objects set itself, under a key that no object has (there is no slash in it), so that
 * what was packed before a restart, or by another shard of the stream, can be read.
 */
const KEY_PREFIX = '#dictionary:';
const HEAD = 8;
const MAX_DICTIONARY = 15 * 1024;
/** Not there in what was packed by deflate. */
const ENCODED = 0x80000000;
/** No watch event is longer. */
const MAX_OBJECT = 64 * 2 ** 20;

export function isDictionaryKey(key: string): boolean {
  return key.startsWith(KEY_PREFIX);
}

export class Snapshots {
  readonly #dictionaries = new Map<number, SiblingDictionary>();
  readonly #encoder = new SiblingEncoder();
  readonly #decoder = new SiblingDecoder();
  #current = 0;

  /** Takes a dictionary over that was stored before. */
  add(key: string, dictionary: Uint8Array): void {
    const id = Number.parseInt(key.slice(KEY_PREFIX.length), 16);
    this.#dictionaries.set(id, new SiblingDictionary(Buffer.from(dictionary)));
    if (this.#current === 0) this.#current = id;
  }

  /** All dictionaries with their keys, for a store that has lost them. */
  *all(): Generator<{ key: string; value: Buffer }> {
    for (const [id, { bytes }] of this.#dictionaries) yield { key: keyOf(id), value: bytes };
  }

  /**
   * @param keep stores a dictionary; called before the first object that needs it
   * @returns a view, valid until the next call
   */
  pack(object: Buffer, keep: (key: string, dictionary: Buffer) => void): Buffer {
    let dictionary = this.#dictionaries.get(this.#current);
    if (dictionary === undefined) {
      const bytes = Buffer.from(object.subarray(0, MAX_DICTIONARY));
      this.#current = idOf(bytes);
      dictionary = new SiblingDictionary(bytes);
      this.#dictionaries.set(this.#current, dictionary);
      keep(keyOf(this.#current), bytes);
    }
    const packed = this.#encoder.encode(object, dictionary, HEAD);
    packed.writeUInt32LE(this.#current, 0);
    packed.writeUInt32LE((object.length | ENCODED) >>> 0, 4);
    return packed;
  }

  /** @returns a view, valid until the next call; undefined where there is none, or its dictionary or itself has been damaged: then there is no patch */
  unpack(packed: Buffer): Buffer | undefined {
    if (packed.length <= HEAD) return undefined;
    const dictionary = this.#dictionaries.get(packed.readUInt32LE(0));
    const length = packed.readUInt32LE(4);
    if (dictionary === undefined || length < ENCODED || length - ENCODED > MAX_OBJECT) return undefined;
    return this.#decoder.decode(packed, dictionary, length - ENCODED, HEAD);
  }
}

function keyOf(id: number): string {
  return KEY_PREFIX + id.toString(16);
}

function idOf(dictionary: Buffer): number {
  const padded = new Uint8Array((dictionary.length + 3) & ~3);
  padded.set(dictionary);
  const print: Fingerprint = { low: 0, high: 0 };
  fingerprint(new Int32Array(padded.buffer), padded, dictionary.length, print);
  return print.low >>> 0 || 1;
}
