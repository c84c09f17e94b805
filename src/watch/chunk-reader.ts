const CR = 13;
const LF = 10;
/** Hexadecimal digits of a length: no chunk is longer than 256 MiB less one. */
const MAX_DIGITS = 7;

/** What is awaited next: a chunk's length, the line feed behind it, its bytes, the two characters behind them. */
type Awaits = 'length' | 'length-lf' | 'bytes' | 'cr' | 'lf';

/**
 * Takes the chunks of a body apart that has `Transfer-Encoding: chunked` (RFC 9112, section 7.1), without a copy of them. It
 * knows lengths and bytes, as API servers send them; at anything else, the last chunk too, it stops where that chunk begins.
 */
export class ChunkReader {
  readonly #data: (bytes: Buffer) => void;
  #awaits: Awaits = 'length';
  /** Digits that were read of a length, which is what they say so far. */
  #digits = 0;
  /** Of the chunk: what its length says, and then what is left of its bytes. */
  #left = 0;

  /** @param data called with the bytes of each chunk, or of the part of it that is there; to be used at once */
  constructor(data: (bytes: Buffer) => void) {
    this.#data = data;
  }

  /**
   * @returns what is no plain chunk, from its beginning on and in memory of its own, after which there is nothing more to push;
   *   undefined where all was taken
   */
  push(bytes: Buffer): Buffer | undefined {
    for (let at = 0; at < bytes.length; ) {
      if (this.#awaits === 'bytes') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        if (this.#left === 0) this.#awaits = 'cr';
        this.#data(bytes.subarray(at, end));
        at = end;
      } else if (this.#accepts(bytes[at] as number)) at++;
      else return this.#rest(bytes, at);
    }
    return undefined;
  }

  /** @returns false where it is not what is awaited */
  #accepts(byte: number): boolean {
    switch (this.#awaits) {
      case 'length':
        if (byte !== CR) return this.#digit(byte);
        if (this.#left === 0) return false; // the last chunk, or no length at all
        this.#awaits = 'length-lf';
        return true;
      case 'length-lf':
        if (byte !== LF) return false;
        this.#awaits = 'bytes';
        return true;
      case 'cr':
        if (byte !== CR) return false;
        this.#awaits = 'lf';
        return true;
      default:
        if (byte !== LF) return false;
        this.#awaits = 'length';
        this.#digits = 0;
        return true;
    }
  }

  #digit(byte: number): boolean {
    const lower = byte | 0x20;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (digit < 0 || this.#digits === MAX_DIGITS) return false;
    this.#digits++;
    this.#left = this.#left * 16 + digit;
    return true;
  }

  #rest(bytes: Buffer, at: number): Buffer {
    const length = this.#digits === 0 ? '' : this.#left.toString(16).padStart(this.#digits, '0');
    // Behind a chunk that does not end as one stands no other, whatever it looks like.
    const before = { length, 'length-lf': `${length}\r`, bytes: '', cr: '\r', lf: '\r' }[this.#awaits];
    return Buffer.concat([Buffer.from(before, 'latin1'), bytes.subarray(at)]);
  }
}
