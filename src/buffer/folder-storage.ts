import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BufferStorage } from './storage.ts';

const SET_ASIDE = 'set-aside';
/** Files that are kept open: the one that is written, the one that is read, and the cursor. */
const OPEN_FILES = 4;

/** A folder of this machine. Records may hold what others should not read, so only the owner can. */
export class FolderStorage implements BufferStorage {
  readonly folder: string;
  readonly #handles = new Map<string, Promise<FileHandle>>();

  constructor(folder: string) {
    this.folder = folder;
  }

  async list(): Promise<{ name: string; size: number }[]> {
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
    } catch (e) {
      // Where there is no room for a folder there is none, and nothing in it; `write` tries again.
      if ((e as NodeJS.ErrnoException).code === 'ENOSPC') return [];
      throw e;
    }
    const entries = await readdir(this.folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return Promise.all(files.map(async ({ name }) => ({ name, size: (await stat(join(this.folder, name))).size })));
  }

  async write(name: string, bytes: Uint8Array, at: number): Promise<void> {
    const file = await this.#open(name, true).catch(async (e: NodeJS.ErrnoException) => {
      if (e.code !== 'ENOENT') throw e;
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      return await this.#open(name, true);
    });
    try {
      // A full disk takes a part and says so only when asked again.
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
      }
    } catch (e) {
      await file.truncate(at).catch(() => undefined); // the checksums tell of what stays behind
      throw e;
    }
  }

  async read(name: string, into: Uint8Array, at: number): Promise<number> {
    const file = await this.#open(name, false);
    for (let done = 0; ; ) {
      const { bytesRead } = await file.read(into, done, into.length - done, at + done);
      done += bytesRead;
      if (bytesRead === 0 || done === into.length) return done;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#close(name);
    await rm(join(this.folder, name), { force: true });
  }

  async setAside(name: string, replace: boolean): Promise<void> {
    await this.#close(name);
    const folder = join(this.folder, SET_ASIDE);
    if (replace) await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(join(this.folder, name), join(folder, name));
  }

  async close(): Promise<void> {
    for (const name of [...this.#handles.keys()]) await this.#close(name);
  }

  async #open(name: string, create: boolean): Promise<FileHandle> {
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      handle = openFile(join(this.folder, name), create);
      this.#handles.set(name, handle);
      handle.catch(() => this.#handles.delete(name));
      const oldest = this.#handles.keys().next().value;
      if (this.#handles.size > OPEN_FILES && oldest !== undefined) await this.#close(oldest);
    } else {
      // The one that was used last is closed last.
      this.#handles.delete(name);
      this.#handles.set(name, handle);
    }
    return await handle;
  }

  async #close(name: string): Promise<void> {
    const handle = this.#handles.get(name);
    this.#handles.delete(name);
    if (handle !== undefined) await (await handle.catch(() => undefined))?.close();
  }
}

async function openFile(path: string, create: boolean): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (e) {
    if (!create || (e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    return await open(path, 'wx+', 0o600);
  }
}
