import { type CodecDictionary, decodeLoaded, encodeLoaded } from '../model/loaded-text.ts';

/**
 * Writes a text as what it has in common with another of its kind (the dictionary) and what it has not: LZ77 with copies
 * from the dictionary and from the text itself, as LZ4 has it, and without an entropy coding behind it.
 *
 *     repeated: varint literals | that many bytes | varint copied | where
 *
 * The last one may end behind its literals. `where` is a varint w of the place that is copied from, counted in the dictionary
 * with the text behind it: 0 says that it goes on there as far behind the copy before as the text does (siblings often
 * differ by a word of the same length), else the place is w - 1.
 */
const HASH_BITS = 13;
const LEAST_COPY = 5;
/** Behind this many places without a copy, every second one is tried, then every third … */
const PATIENCE = 5;

export class SiblingDictionary implements CodecDictionary {
  readonly bytes: Buffer;
  /** By hash of the four bytes there: a place in the dictionary, plus 1. */
  readonly places = new Uint16Array(1 << HASH_BITS);

  /** @param bytes at most 64 KiB less one */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    // The first of equal ones stays: repeated texts then go on from one to the next.
    for (let at = bytes.length - 4; at >= 0; at--) this.places[hashAt(bytes, at)] = at + 1;
  }

  place(hash: number): number {
    return (this.places[hash] as number) - 1;
  }
}

/** One text at a time; used again for each. */
export class SiblingEncoder {
  #out = Buffer.alloc(0);
  #length = 0;
  /**
   * By hash: a place in the text, plus `#base`, which grows from text to text so that older ones count for nothing. Made for the first
   * text that has no room in WebAssembly: most streams never have one.
   */
  #places: Int32Array | undefined;
  #base = 1;

  /**
   * @param lead bytes to leave free in front
   * @returns a view, valid until the next call
   */
  encode(text: Buffer, dictionary: SiblingDictionary, lead = 0): Buffer {
    return encodeLoaded(text, dictionary, lead) ?? this.encodeLarge(text, dictionary, lead);
  }

  /** The same in JavaScript. */
  encodeLarge(text: Buffer, dictionary: SiblingDictionary, lead = 0): Buffer {
    const dict = dictionary.bytes;
    const end = text.length;
    // Each piece has at most 5 bytes of a length or place for at least LEAST_COPY bytes that it copies, and 10 more at the end.
    if (this.#out.length < lead + end * 3 + 64) this.#out = Buffer.allocUnsafeSlow(lead + end * 3 + 64);
    if (this.#base > 2 ** 30) {
      this.#places?.fill(0);
      this.#base = 1;
    }
    this.#places ??= new Int32Array(1 << HASH_BITS);
    const places = this.#places;
    const base = this.#base;
    this.#base += end + 1;
    this.#length = lead;
    let literals = 0;
    /** Behind the copy before: in the text, and where it was copied from. */
    let copied = 0;
    let source = 0;
    let missed = 0;
    for (let at = 0; at + LEAST_COPY <= end; ) {
      // Most often it goes on behind the word that differs.
      let from = source + at - copied;
      let length = from < dict.length ? common(text, at, end, dict, from) : 0;
      if (length < LEAST_COPY) {
        const hash = hashAt(text, at);
        const own = (places[hash] as number) - base;
        places[hash] = base + at;
        from = dictionary.place(hash);
        length = from < 0 ? 0 : common(text, at, end, dict, from);
        if (own >= 0) {
          const ownLength = common(text, at, end, text, own);
          if (ownLength > length) {
            length = ownLength;
            from = dict.length + own;
          }
        }
      }
      if (length < LEAST_COPY) {
        at += 1 + (missed++ >> PATIENCE);
        continue;
      }
      missed = 0;
      this.#literals(text, literals, at);
      this.#varint(length);
      this.#varint(from === source + at - copied ? 0 : from + 1);
      at += length;
      literals = at;
      copied = at;
      source = from + length;
    }
    this.#literals(text, literals, end);
    return this.#out.subarray(0, this.#length);
  }

  #literals(text: Buffer, from: number, to: number): void {
    this.#varint(to - from);
    const out = this.#out;
    for (let i = from; i < to; i++) out[this.#length++] = text[i] as number;
  }

  #varint(value: number): void {
    while (value >= 0x80) {
      this.#out[this.#length++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#out[this.#length++] = value;
  }
}

/** One text at a time; used again for each. */
export class SiblingDecoder {
  #text = Buffer.allocUnsafeSlow(0);

  /**
   * @param from where what was encoded begins
   * @returns a view, valid until the next call; undefined where the bytes are not what a text of this length was encoded to
   */
  decode(packed: Buffer, dictionary: SiblingDictionary, length: number, from = 0): Buffer | undefined {
    const decoded = decodeLoaded(packed, from, dictionary, length);
    return decoded === undefined ? this.decodeLarge(packed.subarray(from), dictionary, length) : decoded || undefined;
  }

  /** The same in JavaScript. */
  decodeLarge(encoded: Buffer, dictionary: SiblingDictionary, length: number): Buffer | undefined {
    if (this.#text.length < length) this.#text = Buffer.allocUnsafeSlow(2 * length);
    return decodeInto(encoded, dictionary.bytes, this.#text, length) ? this.#text.subarray(0, length) : undefined;
  }
}

/** @param text where it is written, from the start */
function decodeInto(encoded: Buffer, dictionary: Buffer, text: Buffer, length: number): boolean {
  let written = 0;
  let copied = 0;
  let source = 0;
  let p = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = encoded[p++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  while (p < encoded.length) {
    const literals = varint();
    if (literals < 0 || literals > length - written || p + literals > encoded.length) return false;
    move(encoded, p, literals, text, written);
    written += literals;
    p += literals;
    if (p === encoded.length) break;
    const copy = varint();
    const where = varint();
    if (copy < 0 || where < 0 || copy > length - written) return false;
    const from = where === 0 ? source + written - copied : where - 1;
    if (from < 0) return false;
    if (from + copy <= dictionary.length) move(dictionary, from, copy, text, written);
    else {
      const own = from - dictionary.length;
      if (own < 0 || own >= written) return false;
      // Byte by byte: it may copy what it has just written.
      for (let i = 0; i < copy; i++) text[written + i] = text[own + i] as number;
    }
    written += copy;
    copied = written;
    source = from + copy;
  }
  return written === length;
}

/** Short pieces byte by byte: a call out of JavaScript costs as much as some thirty bytes. */
function move(from: Buffer, start: number, length: number, to: Buffer, at: number): void {
  if (length > 32) from.copy(to, at, start, start + length);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
}

function hashAt(b: Buffer, at: number): number {
  const word =
    (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function common(a: Buffer, at: number, end: number, b: Buffer, from: number): number {
  const limit = Math.min(end - at, b.length - from);
  let n = 0;
  while (n < limit && a[at + n] === b[from + n]) n++;
  return n;
}
