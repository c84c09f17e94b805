import type { WatershardError } from '../model/errors.ts';
import type { Position } from '../model/position.ts';

/** What a state belongs to. */
export interface StateIdentity {
  readonly cluster: string;
  /** uid of the kube-system namespace. */
  readonly clusterUid: string;
  /** Names this process: `<host>/<pid>/<dataDir>`; shown to whoever finds the state held. */
  readonly owner: string;
}

export interface StreamCommit {
  readonly stream: string;
  /** `sequence` is one more than that of the stream's last commit (1 for the first). */
  readonly position: Position;
  /** Packed deltas (model/delta.ts), applied in order. */
  readonly deltas: readonly ArrayBuffer[];
}

/** Where positions and known objects survive a restart. One implementation a folder; all pass one contract suite. */
export interface StateStore {
  readonly kind: 'redis' | 'embedded' | 'memory';
  /**
   * Takes the state for this process: checks schema and cluster, takes the lease, reads or makes the epoch.
   * @throws WatershardError STATE_HELD, STATE_OF_ANOTHER_CLUSTER, STATE_SCHEMA, STATE_EVICTING, STATE_CORRUPT,
   *   STATE_UNAVAILABLE, STATE_REFUSED, STATE_FULL
   */
  open(identity: StateIdentity): Promise<StateSession>;
}

export interface StateSession {
  /** Random, made with the state. A new one means that the state before is gone. */
  readonly epoch: string;
  /** The state was made by this `open`. */
  readonly fresh: boolean;
  /** What ran before ended with everything committed that was delivered; so does a fresh state begin. */
  readonly clean: boolean;
  positions(): Promise<Map<string, Position>>;
  /**
   * The known objects of a stream as packed deltas, which make them when they are applied in order. About 1 MiB each, or as much
   * as one that was committed. Nothing is committed while they are read.
   */
  known(stream: string): AsyncIterable<ArrayBuffer>;
  /**
   * Stores positions and known objects together: each stream's commit is atomic, and durable as far as the store can be.
   * Once that is done the buffers are the store's: one in memory keeps them, the others give their memory back. A commit that
   * failed for want of an answer (STATE_UNAVAILABLE) may have been done: it is to be repeated with the same sequences, and with the same
   * deltas or those and more behind them.
   * @throws WatershardError STATE_LOST where the epoch is gone or a stored sequence is not the one before;
   *   STATE_HELD where another process has taken the lease (this one must stop writing); STATE_UNAVAILABLE, STATE_FULL
   */
  commit(commits: readonly StreamCommit[]): Promise<void>;
  /** Removes a stream's position and known objects. */
  forget(stream: string): Promise<void>;
  /**
   * The state is still this process's, which it may not be after it has stood still for longer than its lease. Asks the
   * store only where that is in doubt.
   * @throws WatershardError STATE_HELD, STATE_LOST, STATE_UNAVAILABLE
   */
  confirm(): Promise<void>;
  /** Why nothing can be committed at the moment, or undefined. */
  trouble(): string | undefined;
  /** STATE_LOST or STATE_HELD, once that was found: everything is refused from then on, and another session has to be opened. */
  ended(): WatershardError | undefined;
  /**
   * What ran on this session has ended, and another run goes on with it: the lease stays. To be called while nothing is under way.
   * @param clean everything is committed that was delivered
   * @returns false where it is not known what was committed, or nothing can be at the moment: another session has to be opened
   */
  handOver(clean: boolean): boolean;
  /** Gives the lease back. Idempotent. @param clean everything is committed that was delivered */
  close(clean?: boolean): Promise<void>;
}
