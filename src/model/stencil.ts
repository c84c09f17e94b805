import { instantiate } from './assembly.ts';
import { pagesFor } from './web-assembly.ts';

/*
 * Texts that are the same for record after record but for its identity, put together in the memory of a WebAssembly module
 * (assembly/compose.ts): to make them as JavaScript strings, and to encode those, costs several times as much. The memory is
 * laid out as
 *
 *     slots | texts of the slots | stencils | composed
 *
 * and never grows, so that views of it stay valid.
 */
const wasm = instantiate();
/** Fewer than assembly/compose.ts takes. */
const SLOTS = 16;
/** Bytes that one slot has room for. */
export const SLOT_BYTES = 512;
/** Behind a text, which is read and written 16 bytes at a time. */
const SLACK = 16;
/** Of one stencil: pieces and their texts. */
const MAX_STENCIL = 8 * 1024;
const STENCILS_BYTES = 256 * 1024;
/** Of three stencils behind one another. */
const COMPOSED_BYTES = 96 * 1024;
const MAX_PIECES = 32;

const SLOT_TABLE = wasm.base();
const SLOT_TEXTS = SLOT_TABLE + SLOTS * 8;
const STENCILS = SLOT_TEXTS + SLOTS * (SLOT_BYTES + SLACK);
const COMPOSED = STENCILS + STENCILS_BYTES;
const END = COMPOSED + COMPOSED_BYTES;
if (END > wasm.memory.buffer.byteLength) wasm.memory.grow(pagesFor(END - wasm.memory.buffer.byteLength));

const words = new Uint32Array(wasm.memory.buffer);
for (let slot = 0; slot < SLOTS; slot++) words[(SLOT_TABLE >> 2) + slot * 2] = slotAt(slot);

/** All of the memory: of who fills slots, and takes what was composed. */
export const stencilMemory = Buffer.from(wasm.memory.buffer);
/** Where in it what is composed begins. */
export const COMPOSED_AT = COMPOSED;

/** Where in the memory the text of a slot is to be written to, at most SLOT_BYTES of it. */
export function slotAt(slot: number): number {
  return SLOT_TEXTS + slot * (SLOT_BYTES + SLACK);
}

/** Says how much was written to the slot. */
export function setSlot(slot: number, length: number): void {
  words[(SLOT_TABLE >> 2) + slot * 2 + 1] = length;
}

/** Once the room for stencils is full, it begins again with nothing in it. */
let round = 0;
let used = STENCILS;

/** A text with places for slots. */
export class Stencil {
  readonly #pieces: readonly (Buffer | number)[];
  readonly #bytes: number;
  #round = -1;
  #program = 0;

  private constructor(pieces: readonly (Buffer | number)[], bytes: number) {
    this.#pieces = pieces;
    this.#bytes = bytes;
  }

  /**
   * @param samples text of each slot, as it stands wherever the slot is to be
   * @returns undefined where it is too long
   */
  static cut(text: string, samples: readonly (readonly [slot: number, sample: string])[]): Stencil | undefined {
    const pieces: (Buffer | number)[] = [];
    let bytes = SLACK;
    for (let at = 0; at < text.length; ) {
      let next = text.length;
      let found = -1;
      let behind = next;
      for (const [slot, sample] of samples) {
        const place = sample === '' ? -1 : text.indexOf(sample, at);
        if (place < 0 || place >= next) continue;
        next = place;
        found = slot;
        behind = place + sample.length;
      }
      if (next > at) pieces.push(Buffer.from(text.slice(at, next)));
      if (found >= 0) pieces.push(found);
      at = behind;
    }
    for (const piece of pieces) bytes += 8 + (typeof piece === 'number' ? 0 : piece.length);
    return bytes > MAX_STENCIL || pieces.length > MAX_PIECES ? undefined : new Stencil(pieces, (bytes + 7) & ~7);
  }

  /** Whether it is the same text with the same places. */
  equals(other: Stencil): boolean {
    const theirs = other.#pieces;
    return (
      this.#pieces.length === theirs.length &&
      this.#pieces.every((piece, i) => {
        const their = theirs[i];
        return typeof piece === 'number' || typeof their === 'number' ? piece === their : their?.equals(piece) === true;
      })
    );
  }

  /**
   * Puts the text together of what the slots have now.
   * @param at where, counted from the start of what is composed: that of the text before, or 0
   * @returns where it ends
   */
  compose(at: number): number {
    if (this.#round !== round) this.#place();
    return wasm.compose(this.#program, this.#pieces.length, SLOT_TABLE, COMPOSED + at) - COMPOSED;
  }

  #place(): void {
    if (used + this.#bytes > COMPOSED) {
      used = STENCILS;
      round++;
    }
    this.#round = round;
    this.#program = used;
    let word = used >> 2;
    let text = used + this.#pieces.length * 8;
    for (const piece of this.#pieces) {
      const isSlot = typeof piece === 'number';
      words[word++] = isSlot ? piece : text;
      words[word++] = isSlot ? 0 : piece.length;
      if (!isSlot) text += piece.copy(stencilMemory, text);
    }
    used += this.#bytes;
  }
}
