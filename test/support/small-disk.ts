import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './servers/process.ts';

/** Mounting is for root, as tests in CI are. */
export const CAN_MOUNT = process.getuid?.() === 0;

/** A file system of its own of a few MiB, which can be filled to its last byte. */
export class SmallDisk {
  readonly folder: string;

  constructor(name: string, mebibytes: number) {
    this.folder = temporaryFolder(name);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'none', this.folder]);
    process.once('exit', () => this.remove());
  }

  fill(): void {
    const file = openSync(this.#ballast, 'w');
    // Smaller and smaller pieces, as a piece that does not fit is refused.
    for (let bytes = 2 ** 20; bytes > 0; bytes = Math.floor(bytes / 2)) {
      try {
        for (;;) if (writeSync(file, Buffer.alloc(bytes)) === 0) break;
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'ENOSPC') throw e;
      }
    }
    closeSync(file);
  }

  makeRoom(): void {
    rmSync(this.#ballast);
  }

  /** Also while somebody has a file open there. */
  remove(): void {
    if (this.#removed) return;
    this.#removed = true;
    execFileSync('umount', ['--lazy', this.folder]);
  }

  #removed = false;

  get #ballast(): string {
    return join(this.folder, 'ballast');
  }
}
