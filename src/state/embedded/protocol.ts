import type { ErrorCode } from '../../model/errors.ts';
import type { Position } from '../../model/position.ts';
import type { StateIdentity, StreamCommit } from '../state.ts';

/** Tasks for the thread that holds the database (workers/store.ts), one at a time and in order. */
export type StoreTask =
  | { readonly op: 'open'; readonly file: string; readonly identity: StateIdentity }
  | { readonly op: 'positions' }
  /** One chunk of a stream's known objects, of what is behind `after`. */
  | { readonly op: 'known'; readonly stream: string; readonly after: KnownCursor | undefined }
  | {
      readonly op: 'commit';
      readonly commits: readonly StreamCommit[];
      /** Streams whose last commit got no answer: they may be at the new sequence already. */
      readonly inDoubt: readonly string[];
    }
  /** A part of what there is to fold. */
  | { readonly op: 'fold' }
  | { readonly op: 'forget'; readonly stream: string }
  | { readonly op: 'close'; readonly clean: boolean };

export interface Opened {
  readonly epoch: string;
  readonly fresh: boolean;
  readonly clean: boolean;
}

/** Behind a key of the table, or behind a change of the log; the log comes after the table. */
export type KnownCursor = { readonly key: Uint8Array } | { readonly change: number };

export interface KnownChunk {
  /** Packed deltas (model/delta.ts). */
  readonly packed: ArrayBuffer;
  /** Where the next chunk goes on; undefined after the last. */
  readonly after: KnownCursor | undefined;
}

/** What each task is answered with. An error crosses the thread as data, since a cloned Error would lose its code. */
export type StoreAnswer =
  | {
      readonly ok: true;
      /** Of `commit` and `fold`: whether there is something to fold. */
      readonly value: Opened | KnownChunk | Map<string, Position> | boolean | undefined;
      readonly transfer: ArrayBuffer[];
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };
