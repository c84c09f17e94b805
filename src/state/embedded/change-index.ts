import { changeKeyEnd, changeKeyStart } from '../../model/delta.ts';
import { fnv1aBytes } from '../../model/hash.ts';
import { release } from '../../model/release.ts';
import { compareKeys, STREAM } from './change-order.ts';

const SMALLEST = 2048;
/** So that streams that follow one another are far from one another. */
const SPREAD = 0x9e3779b1;

/** Where the last change of each key starts in a part of a fold (fold-part.ts): a hash table with open addresses. */
export class ChangeIndex {
  /** Starts, each with 1 added; 0 is none. Their number is a power of two. */
  #slots = new Uint32Array(SMALLEST);
  #count = 0;
  /** The one that `find` came to an end at. */
  #slot = 0;

  /**
   * @param bytes the part, in which `put` has said where changes start
   * @param at where the change starts in the delta
   * @returns the start of the last change of the same key of the same stream, or -1
   */
  find(bytes: Buffer, stream: number, delta: Buffer, at: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash(stream, delta, at) & mask; ; slot = (slot + 1) & mask) {
      const start = slots[slot]! - 1;
      if (start < 0 || (streamAt(bytes, start) === stream && compareKeys(bytes, start + STREAM, delta, at) === 0)) {
        this.#slot = slot;
        return start;
      }
    }
  }

  /** The key that `find` was asked for last has its last change here. */
  put(bytes: Buffer, start: number): void {
    if (this.#slots[this.#slot] === 0) this.#count++;
    this.#slots[this.#slot] = start + 1;
    if (this.#count * 2 > this.#slots.length) this.#grow(bytes);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }

  /** Gives its memory back; it is not used any more. */
  leave(): void {
    release(this.#slots.buffer);
  }

  #grow(bytes: Buffer): void {
    const from = this.#slots;
    this.#slots = new Uint32Array(from.length * 2);
    const mask = this.#slots.length - 1;
    for (const place of from) {
      if (place === 0) continue;
      let slot = hash(streamAt(bytes, place - 1), bytes, place - 1 + STREAM) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = place;
    }
    release(from.buffer);
  }
}

/** Node's own checks its arguments. */
function streamAt(bytes: Buffer, start: number): number {
  return (bytes[start]! | (bytes[start + 1]! << 8) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 24)) >>> 0;
}

function hash(stream: number, delta: Buffer, at: number): number {
  const hash = fnv1aBytes(delta, changeKeyStart(at), changeKeyEnd(delta, at)) ^ Math.imul(stream, SPREAD);
  return hash ^ (hash >>> 15);
}
