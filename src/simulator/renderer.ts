import { moduleOf } from '../model/web-assembly.ts';
import { ASSEMBLY } from './gen/assembly.ts';
import type { Moment } from './template-fields.ts';

/*
 * Objects are rendered in the memory of a WebAssembly module (assembly/simulator/), from texts that lie there once each, and
 * sent from there: the simulator shares the machine with what it feeds, and is to take a small part of it.
 */
interface Renderer {
  readonly memory: { readonly buffer: SharedArrayBuffer; grow(pages: number): number };
  base(): number;
  render(
    program: number,
    variant: number,
    envelope: number,
    salt: number,
    slot: number,
    serial: number,
    changes: number,
    beats: number,
    resourceVersion: number,
    out: number,
  ): number;
}

/** An address in the memory, and a length in bytes. */
export interface Piece {
  readonly at: number;
  readonly length: number;
}

const PAGE = 64 * 1024;
/** Read and overwritten behind a text. */
const SLACK = 32;

const wasm = moduleOf(ASSEMBLY)() as Renderer;
const texts = new Map<string, Piece>();
let free = wasm.base();
let bytes = Buffer.from(wasm.memory.buffer);

/** Room for so many bytes, for good. @returns its address */
export function reserve(length: number): number {
  const at = free;
  free = Math.ceil((at + length + SLACK) / 16) * 16;
  if (free > bytes.length) {
    // Shared memory: views of what it was stay valid.
    wasm.memory.grow(Math.ceil((free - bytes.length) / PAGE));
    bytes = Buffer.from(wasm.memory.buffer);
  }
  return at;
}

/** A text in the memory, where each text is once. */
export function place(text: string): Piece {
  const known = texts.get(text);
  if (known !== undefined) return known;
  const length = Buffer.byteLength(text);
  const at = reserve(length);
  bytes.write(text, at, length);
  const piece = { at, length };
  texts.set(text, piece);
  return piece;
}

/** Numbers in the memory, as u32. @returns their address */
export function placeWords(words: readonly number[]): number {
  const at = reserve(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, at + i * 4);
  return at;
}

/** What stands before and behind an object, at most 32 bytes each. @returns its address */
export function envelope(before: string, behind: string): number {
  return placeWords([before, behind].flatMap((text) => [place(text).at, place(text).length]));
}

/** A part of the memory. */
export function memoryAt(at: number, length: number): Buffer {
  return Buffer.from(wasm.memory.buffer, at, length);
}

/** Writes an object to an address. Overwrites up to SLACK bytes behind it. @returns the address behind it */
export function render(program: number, variant: number, around: number, m: Moment, out: number): number {
  return wasm.render(program, variant, around, m.salt, m.slot, m.serial, m.changes, m.beats, m.resourceVersion, out);
}

/** Bytes of the largest object that is rendered alone. */
const ALONE_BYTES = 64 * 1024;
const alone = memoryAt(reserve(ALONE_BYTES), ALONE_BYTES);
const NOTHING = envelope('', '');

/** Renders one object. @returns its bytes, valid until the next call */
export function renderAlone(program: number, variant: number, moment: Moment): Buffer {
  return alone.subarray(0, render(program, variant, NOTHING, moment, alone.byteOffset) - alone.byteOffset);
}
