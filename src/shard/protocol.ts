import type { Quarantine } from '../model/quarantine.ts';

/** What a transform thread is given when it starts. */
export interface ShardData {
  readonly shard: number;
  /** Of its WorkTrace. */
  readonly trace: SharedArrayBuffer;
}

/**
 * Messages to a transform thread. What a plan, a piece of work and its result are is the transform's business: this room
 * carries them. Buffers in `work` and in the result are transferred, never copied.
 */
export type ShardTask<Plan, Work> =
  /** A stream begins, or begins again with nothing known. */
  | { readonly type: 'open'; readonly stream: string; readonly plan: Plan; readonly quarantine?: Quarantine }
  /** Known objects from the last commit (model/delta.ts). */
  | { readonly type: 'seed'; readonly stream: string; readonly packed: ArrayBuffer }
  /** All known objects, as an array of packed deltas. */
  | { readonly type: 'dump'; readonly stream: string }
  | { readonly type: 'work'; readonly stream: string; readonly work: Work }
  | { readonly type: 'close'; readonly stream: string };

/** The buffer that a piece of work carries, if any. */
export function workBuffers(work: { readonly bytes?: Uint8Array<ArrayBuffer> }): ArrayBuffer[] {
  return work.bytes === undefined ? [] : [work.bytes.buffer];
}
