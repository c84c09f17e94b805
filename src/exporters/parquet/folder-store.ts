import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { ErrorCode } from '../../model/errors.ts';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { FileStore } from './store.ts';

const TEMPORARY = '.tmp';

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'EXPORTER_FULL',
  EDQUOT: 'EXPORTER_FULL',
  EACCES: 'EXPORTER_REFUSED',
  EPERM: 'EXPORTER_REFUSED',
  EROFS: 'EXPORTER_REFUSED',
  ENOENT: 'EXPORTER_TARGET_MISSING',
  ENOTDIR: 'EXPORTER_TARGET_MISSING',
};

/** Files in a folder of this machine. It is made if it does not exist. */
export class FolderStore implements FileStore {
  readonly #root: string;
  readonly #confirm: () => Promise<void>;

  /** @param confirm called before a file takes the place of another; what it throws fails the request */
  constructor(root: string, confirm: () => Promise<void>) {
    this.#root = root;
    this.#confirm = confirm;
  }

  async check(): Promise<void> {
    await attempt(`making the folder ${this.#root}`, () => mkdir(this.#root, { recursive: true }));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#root, key);
    await attempt(`writing ${path}`, async () => {
      const made = await mkdir(dirname(path), { recursive: true });
      // Always the same name, so that the one left by a crash is written over.
      const temporary = `${dirname(path)}/.${key.slice(key.lastIndexOf('/') + 1)}${TEMPORARY}`;
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#confirm();
      await rename(temporary, path);
      // The names are durable only when their folders are, up to the first that was there before.
      const top = made === undefined ? dirname(path) : dirname(made);
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        await syncFolder(folder);
        if (folder === top || folder === dirname(folder)) return;
      }
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const path = join(this.#root, key);
    return await attempt(`reading ${path}`, async () => await unlessMissing(readFile(path), undefined));
  }

  async list(prefix: string, after: string): Promise<readonly string[]> {
    const folder = join(this.#root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const entries = await attempt(`listing ${folder}`, async () =>
      unlessMissing(readdir(folder, { recursive: true, withFileTypes: true }), []),
    );
    return entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(TEMPORARY))
      .map((entry) => relative(this.#root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort();
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const path = join(this.#root, key);
      await attempt(`removing ${path}`, () => rm(path, { force: true }));
    }
  }

  async removeUnfinished(): Promise<number> {
    return 0; // a temporary file is written over by the next attempt
  }

  close(): void {
    // Nothing is held open between calls.
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function unlessMissing<T, M>(answer: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await answer;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return missing;
    throw e;
  }
}

async function attempt<T>(doing: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (e) {
    if (e instanceof WatershardError) throw e;
    const code = CODES[(e as NodeJS.ErrnoException).code ?? ''] ?? 'EXPORTER_UNREACHABLE';
    throw new WatershardError(code, `${doing}: ${errorMessage(e)}`, { cause: e });
  }
}
