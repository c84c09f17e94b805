import { stringAt } from './json-skip.ts';

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/**
 * The key of one object after another, `<namespace>/<name>` (cluster-scoped: `/<name>`), as UTF-8. Used again for each: a
 * text of it is made only for who asks for one.
 */
export class ObjectKey {
  /** Of which `length` are in use. */
  bytes = Buffer.allocUnsafeSlow(512);
  length = 0;
  /** Bytes of the namespace. */
  namespaceLength = 0;
  /** Of whoever looks it up, with the seed of its hash. */
  hash = 0;
  hashSeed = -1;
  #text: string | undefined;

  get text(): string {
    this.#text ??= this.bytes.toString('utf8', 0, this.length);
    return this.#text;
  }

  set text(text: string) {
    this.#begin(text.length * 3);
    this.length = this.bytes.write(text, 0, 'utf8');
    this.namespaceLength = this.bytes.subarray(0, this.length).indexOf(SLASH);
    this.#text = text;
  }

  get hasName(): boolean {
    return this.length > this.namespaceLength + 1;
  }

  /**
   * Takes namespace and name from JSON.
   * @param namespaceStart,nameStart of the slices with their quotes; -1, or what is no string, is the empty text
   */
  read(b: Buffer, namespaceStart: number, namespaceEnd: number, nameStart: number, nameEnd: number): void {
    this.#begin(namespaceEnd - namespaceStart + nameEnd - nameStart + 8);
    const namespaceLength = this.#copy(b, namespaceStart, namespaceEnd, 0);
    this.bytes[namespaceLength] = SLASH;
    const nameLength = this.#copy(b, nameStart, nameEnd, namespaceLength + 1);
    this.namespaceLength = namespaceLength;
    this.length = namespaceLength + 1 + nameLength;
  }

  /** An escape never takes fewer bytes than what it stands for. */
  #copy(b: Buffer, start: number, end: number, at: number): number {
    if (start < 0 || end - start < 2 || b[start] !== QUOTE) return 0;
    const bytes = this.bytes;
    let to = at;
    for (let i = start + 1; i < end - 1; i++) {
      const c = b[i] as number;
      if (c === BACKSLASH) return bytes.write(stringAt(b, start, end), at, 'utf8');
      bytes[to++] = c;
    }
    return to - at;
  }

  #begin(room: number): void {
    if (room > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(room);
    this.hashSeed = -1;
    this.#text = undefined;
  }
}
