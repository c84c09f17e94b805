export interface StoreOptions {
  /** Takes what does not work and holds nothing up. */
  readonly warn: (text: string) => void;
  /** Called before each request is sent, or a file gets its name; what it throws fails the request. */
  readonly confirm: () => Promise<void>;
}

/**
 * Files under the configured url. Keys are relative to it, with slashes. Each call is one attempt; all throw
 * WatershardError: EXPORTER_UNREACHABLE, EXPORTER_REFUSED, EXPORTER_TARGET_MISSING, EXPORTER_FULL, EXPORTER_MISCONFIGURED.
 */
export interface FileStore {
  /** Whether the bucket or folder is there and lets itself be listed. */
  check(): Promise<void>;
  /** Stores the file as a whole, replacing one of the same key; it is durable, and visible only when it is whole. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin with the prefix and sort behind `after`. */
  list(prefix: string, after: string): Promise<readonly string[]>;
  /** Removing what is not there is no error. */
  remove(keys: readonly string[]): Promise<void>;
  /** Removes what puts of earlier processes have left unfinished, unseen by `list`. @returns how many there were */
  removeUnfinished(isOurs: (key: string) => boolean): Promise<number>;
  close(): void;
}
