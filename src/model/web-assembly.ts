declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: unknown;
    constructor(module: Module);
  }
}

/** @returns what makes instances of a module that needs no imports, each with a memory of its own */
export function moduleOf(base64: string): () => unknown {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
  return () => new WebAssembly.Instance(module).exports;
}
