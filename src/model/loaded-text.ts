import { JSON_BYTES } from './gen/json-bytes.ts';

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: unknown;
    constructor(module: Module);
  }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  base(): number;
  skipValue(p: number, end: number): number;
  fingerprint(start: number, length: number): number;
  fingerprintHigh(): number;
}

/*
 * The text that this thread is working on, copied into the memory of a WebAssembly module (assembly/json-bytes.ts), whose
 * instructions for 16 bytes at once step over JSON in half the time of JavaScript, the copy included.
 */
const wasm = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(JSON_BYTES, 'base64'))).exports as Exports;
const BASE = wasm.base();
const PAGE = 64 * 1024;
/** Behind a text, for loads of 16 bytes that begin in it. */
const SLACK = 32;
/** For what a fingerprint has in front of an object that came without its kind. */
const LEAD = 4096;
/** The memory never shrinks, so a larger text is looked at where it is, in JavaScript. */
const MAX_TEXT = 4 * 1024 * 1024;

let loaded: Buffer | undefined;
let scratchStart = 0;
let scratch: Buffer = Buffer.alloc(0);

/**
 * @returns a view of the copy, or of the text itself where it is large; valid until the next call. The functions of
 * json-skip.ts notice that they are given the former.
 */
export function loadText(bytes: Uint8Array): Buffer {
  const length = bytes.length;
  if (length > MAX_TEXT) {
    loaded = undefined;
    return Buffer.from(bytes.buffer, bytes.byteOffset, length);
  }
  scratchStart = (BASE + length + SLACK + 15) & ~15;
  const need = scratchStart + length + LEAD + SLACK;
  const { memory } = wasm;
  if (need > memory.buffer.byteLength) memory.grow(Math.ceil((need - memory.buffer.byteLength) / PAGE));
  const view = Buffer.from(memory.buffer, BASE, length);
  view.set(bytes);
  new Uint8Array(memory.buffer, BASE + length, SLACK).fill(0);
  scratch = Buffer.from(memory.buffer, scratchStart, length + LEAD);
  loaded = view;
  return view;
}

/** Whether these are the bytes that `loadText` has given last. */
export function isLoaded(b: Uint8Array): boolean {
  return b === loaded;
}

/** `skipValue` of json-skip.ts for the text that is loaded. */
export function skipLoaded(p: number, end: number): number {
  const at = wasm.skipValue(BASE + p, BASE + end);
  return at === 0 ? -1 : at - BASE;
}

/** Room to put a part of the loaded text together, of its length and 4 KiB more. */
export function loadedScratch(): Buffer {
  return scratch;
}

/** The fingerprint (transform/fingerprint.ts) of what was written to the room. */
export function fingerprintScratch(length: number, out: { low: number; high: number }): void {
  out.low = wasm.fingerprint(scratchStart, length);
  out.high = wasm.fingerprintHigh();
}
