import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Fingerprint, fingerprint } from './fingerprint.ts';

/**
 * Keeps objects small: deflate with a sibling of the same stream as dictionary (a 5 KB pod takes 200 to 600 bytes, about
 * 40 µs). A packed object says which dictionary it needs:
 *
 *     u32 dictionary id | u32 length of the object | raw deflate
 *
 * A dictionary lies in the known-objects set itself, under a key that no object has (there is no slash in it), so that
 * what was packed before a restart, or by another shard of the stream, can be read.
 */
const KEY_PREFIX = '#dictionary:';
const HEAD = 8;
/** Within the window of deflate below. */
const MAX_DICTIONARY = 15 * 1024;
const OPTIONS = { level: 3, windowBits: 14, memLevel: 7 } as const;

export function isDictionaryKey(key: string): boolean {
  return key.startsWith(KEY_PREFIX);
}

export class Snapshots {
  readonly #dictionaries = new Map<number, Buffer>();
  #current = 0;

  /** Takes a dictionary over that was stored before. */
  add(key: string, dictionary: Uint8Array): void {
    const id = Number.parseInt(key.slice(KEY_PREFIX.length), 16);
    this.#dictionaries.set(id, Buffer.from(dictionary));
    if (this.#current === 0) this.#current = id;
  }

  /** All dictionaries with their keys, for a store that has lost them. */
  *all(): Generator<{ key: string; value: Buffer }> {
    for (const [id, value] of this.#dictionaries) yield { key: keyOf(id), value };
  }

  /** @param keep stores a dictionary; called before the first object that needs it */
  pack(object: Buffer, keep: (key: string, dictionary: Buffer) => void): Buffer {
    if (this.#current === 0) {
      const dictionary = Buffer.from(object.subarray(0, MAX_DICTIONARY));
      this.#current = idOf(dictionary);
      this.#dictionaries.set(this.#current, dictionary);
      keep(keyOf(this.#current), dictionary);
    }
    const dictionary = this.#dictionaries.get(this.#current) as Buffer;
    const deflated = deflateRawSync(object, { ...OPTIONS, dictionary });
    const packed = Buffer.allocUnsafe(HEAD + deflated.length);
    packed.writeUInt32LE(this.#current, 0);
    packed.writeUInt32LE(object.length, 4);
    deflated.copy(packed, HEAD);
    return packed;
  }

  /** @returns undefined where there is none, or its dictionary or itself has been damaged: then there is no patch */
  unpack(packed: Buffer): Buffer | undefined {
    if (packed.length <= HEAD) return undefined;
    const dictionary = this.#dictionaries.get(packed.readUInt32LE(0));
    if (dictionary === undefined) return undefined;
    const length = packed.readUInt32LE(4);
    try {
      const object = inflateRawSync(packed.subarray(HEAD), {
        windowBits: 15,
        dictionary,
        maxOutputLength: Math.max(1, length),
      });
      return object.length === length ? object : undefined;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
      return undefined;
    }
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
