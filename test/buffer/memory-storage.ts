import type { BufferStorage } from '../../src/buffer/storage.ts';

/** A folder in memory that outlives the buffers on it, with the faults of a disk. */
export class MemoryStorage implements BufferStorage {
  readonly files = new Map<string, Uint8Array>();
  readonly aside = new Map<string, Uint8Array>();
  /** Thrown by every write, after the first half of it was written. */
  fault: Error | undefined;
  readFault: Error | undefined;
  /** Writes wait for it. */
  gate: Promise<void> | undefined;
  writes = 0;
  /** Most bytes that the files ever had together. */
  peak = 0;
  #dead = false;

  /** The same files for the next process; the buffer that is on this one writes no more. */
  crash(): MemoryStorage {
    this.#dead = true;
    const next = new MemoryStorage();
    for (const [name, bytes] of this.files) next.files.set(name, bytes.slice());
    return next;
  }

  get bytes(): number {
    return [...this.files].reduce((sum, [name, { length }]) => sum + (name.endsWith('.segment') ? length : 0), 0);
  }

  async list(): Promise<{ name: string; size: number }[]> {
    return [...this.files].map(([name, { length }]) => ({ name, size: length }));
  }

  async write(name: string, bytes: Uint8Array, at: number): Promise<void> {
    await this.gate;
    await this.#turn();
    this.writes++;
    const written = this.fault === undefined ? bytes : bytes.subarray(0, bytes.length >> 1);
    const old = this.files.get(name) ?? new Uint8Array(0);
    const grown = new Uint8Array(Math.max(old.length, at + written.length));
    grown.set(old);
    grown.set(written, at);
    this.files.set(name, grown);
    this.peak = Math.max(this.peak, this.bytes);
    if (this.fault !== undefined) throw this.fault;
  }

  async read(name: string, into: Uint8Array, at: number): Promise<number> {
    into.fill(0xff); // a disk may write to it at any time until the read is over
    await this.#turn();
    if (this.readFault !== undefined) throw this.readFault;
    const file = this.files.get(name);
    if (file === undefined) throw Object.assign(new Error(`no file ${name}`), { code: 'ENOENT' });
    const bytes = file.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  async remove(name: string): Promise<void> {
    await this.#turn();
    this.files.delete(name);
  }

  async setAside(name: string, replace: boolean): Promise<void> {
    if (replace) this.aside.clear();
    this.aside.set(name, this.files.get(name) as Uint8Array);
    this.files.delete(name);
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  /** What a dead process asks for never happens. */
  async #turn(): Promise<void> {
    if (this.#dead) await new Promise(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#dead) await new Promise(() => undefined);
  }
}

export function noSpace(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
