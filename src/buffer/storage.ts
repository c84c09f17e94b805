/** The few operations on a folder that a buffer needs. Every one may be refused: a full disk, one that is away. */
export interface BufferStorage {
  /** Files and their sizes. Makes the folder where it is missing. */
  list(): Promise<readonly { readonly name: string; readonly size: number }[]>;
  /** Writes all of the bytes at this offset, or throws and leaves nothing behind it where it can. */
  write(name: string, bytes: Uint8Array, at: number): Promise<void>;
  /** @returns how many bytes were read; fewer than asked for only at the end of the file */
  read(name: string, into: Uint8Array, at: number): Promise<number>;
  remove(name: string): Promise<void>;
  /** Takes the file out of the way, where people find it; what was set aside before goes when `replace` is set. */
  setAside(name: string, replace: boolean): Promise<void>;
  close(): Promise<void>;
}
