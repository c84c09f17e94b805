import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { type ErrorCode, errorMessage, WatershardError } from '../../model/errors.ts';

/** Where lines go. After a failed `append` nothing of those lines is there, and the same lines may be appended again. */
export interface LineSink {
  /** @throws WatershardError */
  open(): Promise<void>;
  /** Resolves when the lines are stored. @throws WatershardError */
  append(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** False where what failed cannot be tried again. */
  readonly retryable: boolean;
}

const NEWLINE = 10;
const TAIL_BYTES = 64 * 1024;

/** A file that only this process appends to. */
export class FileSink implements LineSink {
  readonly retryable = true;
  readonly #path: string;
  readonly #torn: (bytes: number) => void;
  #file: FileHandle | undefined;
  /** Up to here the file holds whole lines that are on the disk. */
  #good = 0;
  /** Not a pipe or a device, on which nothing can be synced or cut off. */
  #regular = true;

  /** @param torn told of the bytes of an unfinished last line that were cut off: a crash left it, so it was never acknowledged */
  constructor(path: string, torn: (bytes: number) => void) {
    this.#path = path;
    this.#torn = torn;
  }

  async open(): Promise<void> {
    if (this.#file !== undefined) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      const file = await open(this.#path, 'a+');
      this.#file = file;
      const stat = await file.stat();
      this.#regular = stat.isFile();
      if (!this.#regular) return;
      this.#good = await endOfLines(file, stat.size, this.#path);
      if (this.#good < stat.size) {
        await file.truncate(this.#good);
        this.#torn(stat.size - this.#good);
      }
    } catch (e) {
      await this.close();
      throw fileFault(`opening ${this.#path}`, e);
    }
  }

  async append(lines: Uint8Array): Promise<void> {
    try {
      if (this.#file === undefined) await this.open();
      const file = this.#file as FileHandle;
      for (let at = 0; at < lines.length; ) at += (await file.write(lines, at)).bytesWritten;
      if (this.#regular) await file.datasync();
      this.#good += lines.length;
    } catch (e) {
      const fault = fileFault(`appending ${lines.length} bytes to ${this.#path}`, e);
      await this.#cutBack();
      throw fault;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Also after a failed sync: whether the system still holds those pages is not known then, so they are written anew. */
  async #cutBack(): Promise<void> {
    try {
      if (this.#regular) await this.#file?.truncate(this.#good);
    } catch (e) {
      // Without the cut the next lines would stand behind a torn one: open anew, which cuts it off or fails again.
      await this.close();
      throw fileFault(`cutting ${this.#path} back to ${this.#good} bytes`, e);
    }
  }
}

/** Offset behind the last line break. */
async function endOfLines(file: FileHandle, size: number, path: string): Promise<number> {
  const buffer = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at >= 0) return start + at + 1;
    if (start === 0 && buffer[0] !== 0x7b) {
      throw new WatershardError(
        'EXPORTER_MISCONFIGURED',
        `opening ${path}: it holds something else than lines of JSON; give another path`,
      );
    }
    end = start;
  }
  return 0;
}

/** The standard output. Storage is up to who reads it: lines count as stored once the system has taken them. */
export class StdoutSink implements LineSink {
  readonly #output: Writable;
  readonly #failed = (e: Error): void => {
    this.#fault ??= stdoutFault(e);
  };
  #fault: WatershardError | undefined;

  constructor(output: Writable = process.stdout) {
    this.#output = output;
  }

  get retryable(): boolean {
    return this.#fault === undefined;
  }

  async open(): Promise<void> {
    this.#output.on('error', this.#failed);
  }

  async append(lines: Uint8Array): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    // One chunk at a time, and the next only when this one was taken: that is the back pressure.
    await new Promise<void>((resolve, reject) => {
      this.#output.write(lines, (e) => {
        if (e === null || e === undefined) resolve();
        else {
          this.#failed(e);
          reject(this.#fault);
        }
      });
    });
  }

  async close(): Promise<void> {
    // The listener stays: an error that comes later must not end the process.
  }
}

function stdoutFault(cause: Error): WatershardError {
  const gone = ['EPIPE', 'ERR_STREAM_DESTROYED'].includes((cause as NodeJS.ErrnoException).code ?? '');
  const reason = gone ? 'its reader has gone; start again with one' : errorMessage(cause);
  return new WatershardError('EXPORTER_UNREACHABLE', `writing to the standard output: ${reason}`, { cause });
}

const FAULTS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'EXPORTER_FULL',
  EDQUOT: 'EXPORTER_FULL',
  EFBIG: 'EXPORTER_FULL',
  EACCES: 'EXPORTER_REFUSED',
  EPERM: 'EXPORTER_REFUSED',
  EROFS: 'EXPORTER_REFUSED',
  ENOENT: 'EXPORTER_TARGET_MISSING',
  EISDIR: 'EXPORTER_MISCONFIGURED',
  ENOTDIR: 'EXPORTER_MISCONFIGURED',
  EEXIST: 'EXPORTER_MISCONFIGURED',
};

function fileFault(doing: string, cause: unknown): WatershardError {
  if (cause instanceof WatershardError) return cause;
  const code = FAULTS[(cause as NodeJS.ErrnoException).code ?? ''] ?? 'EXPORTER_UNREACHABLE';
  return new WatershardError(code, `${doing}: ${errorMessage(cause)}`, { cause });
}
