declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: unknown;
    constructor(module: Module);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(size: { readonly initial: number; readonly maximum: number });
  }
}

/** @returns what makes instances of a module that needs no imports, each with a memory of its own */
export function moduleOf(base64: string): () => unknown {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
  return () => new WebAssembly.Instance(module).exports;
}

/** Pages of 64 KiB, which memory consists of. */
export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / 65_536);
}

/**
 * Memory that comes from the system and goes back to it, of zeros, and takes none until it is written to.
 * @param length in bytes, a multiple of 64 KiB
 * @throws RangeError where there is no room for its addresses
 */
export function systemMemory(length: number): ArrayBuffer {
  const pages = pagesFor(length);
  return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
}
