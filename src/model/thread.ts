/** A worker thread that takes one task at a time, in order. Its own state is gone when `run` rejects with WORKER_CRASHED. */
export interface Thread {
  /**
   * @param task structured-cloneable; what `transfer` names is moved, not copied
   * @throws WatershardError WORKER_CRASHED where the thread ended; else what the thread threw
   */
  run<Answer>(task: unknown, transfer?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Ends the thread at once. Idempotent. */
  close(): Promise<void>;
}
