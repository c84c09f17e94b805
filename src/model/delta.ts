import type { ObjectKey } from './object-key.ts';

/**
 * Changes of a stream's known-objects set, packed for transfer and for the state store:
 *
 *     repeated: u16 keyLength | u32 valueLength (0xFFFFFFFF: the key has gone) | key | value
 *
 * Little-endian. A key is `<namespace>/<name>` in UTF-8 (cluster-scoped: `/<name>`). A state store does not look into values.
 */
const GONE = 0xffffffff;
const HEAD = 6;

export class DeltaWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;
  count = 0;

  put(key: string | ObjectKey, value: Uint8Array): void {
    const at = this.#head(key, value.length, value.length);
    this.#bytes.set(value, at);
    this.#length = at + value.length;
  }

  delete(key: string | ObjectKey): void {
    this.#length = this.#head(key, GONE, 0);
  }

  /** Packs what was written and starts again empty. */
  finish(): ArrayBuffer {
    const packed = new Uint8Array(this.#length);
    packed.set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    this.count = 0;
    return packed.buffer;
  }

  #head(key: string | ObjectKey, valueLength: number, room: number): number {
    const keyLength = typeof key === 'string' ? Buffer.byteLength(key) : key.length;
    const need = this.#length + HEAD + keyLength + room;
    if (need > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(need, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.writeUInt16LE(keyLength, this.#length);
    this.#bytes.writeUInt32LE(valueLength, this.#length + 2);
    if (typeof key === 'string') this.#bytes.write(key, this.#length + HEAD, 'utf8');
    else key.bytes.copy(this.#bytes, this.#length + HEAD, 0, keyLength);
    this.count++;
    return this.#length + HEAD + keyLength;
  }
}

/**
 * Reads a packed delta; `value` is undefined where the key has gone, else a view into the buffer.
 * @throws RangeError where the bytes are shorter than their lengths say
 */
export function* readDelta(packed: ArrayBuffer | Uint8Array): Generator<{ key: string; value: Buffer | undefined }> {
  const bytes =
    packed instanceof ArrayBuffer ? Buffer.from(packed) : Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  for (let at = 0; at < bytes.length; ) {
    const end = changeEnd(bytes, at);
    const keyEnd = changeKeyEnd(bytes, at);
    const key = bytes.toString('utf8', changeKeyStart(at), keyEnd);
    yield { key, value: isGone(bytes, at) ? undefined : bytes.subarray(keyEnd, end) };
    at = end;
  }
}

/** Where the change at this offset ends. @throws RangeError as `readDelta` */
export function changeEnd(delta: Buffer, at: number): number {
  if (at + HEAD > delta.length) throw cutShort(delta, at + HEAD);
  const value = valueLength(delta, at);
  const end = changeKeyEnd(delta, at) + (value === GONE ? 0 : value);
  if (end > delta.length) throw cutShort(delta, end);
  return end;
}

export const changeKeyStart = (at: number): number => at + HEAD;

/** Where the key of the change at this offset ends, and its value begins. */
export function changeKeyEnd(delta: Buffer, at: number): number {
  return at + HEAD + (delta[at]! | (delta[at + 1]! << 8));
}

/** The change at this offset says that its key has gone. */
export function isGone(delta: Buffer, at: number): boolean {
  return valueLength(delta, at) === GONE;
}

function valueLength(delta: Buffer, at: number): number {
  return (delta[at + 2]! | (delta[at + 3]! << 8) | (delta[at + 4]! << 16) | (delta[at + 5]! << 24)) >>> 0;
}

function cutShort(delta: Buffer, end: number): RangeError {
  return new RangeError(`a packed delta of ${delta.length} bytes says that it has ${end}`);
}

/** The delta in pieces that are deltas, of at most so many bytes where no single change is larger. Views. */
export function splitDelta(packed: Uint8Array, bytes: number): Uint8Array[] {
  if (packed.length <= bytes) return packed.length === 0 ? [] : [packed];
  const b = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < b.length; ) {
    const next = changeEnd(b, at);
    if (next - start > bytes && at > start) {
      pieces.push(packed.subarray(start, at));
      start = at;
    }
    at = next;
  }
  pieces.push(packed.subarray(start));
  return pieces;
}
