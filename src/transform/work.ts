import type { ErrorCode } from '../model/errors.ts';
import type { Intake } from '../model/intake.ts';

/** What a stream transform is asked to do, in order. */
export type Work =
  | Exclude<Intake, { type: 'resuming' }>
  /** Of a list whose records have ids of this generation (model/position.ts). */
  | (Extract<Intake, { type: 'list-begin' | 'list-end' }> & { readonly generation: number })
  /** Make one GAP record: deletes may have been missed. */
  | { readonly type: 'gap'; readonly reason: string; readonly epoch: string; readonly observedAt: number };

/**
 * Why an event made no record: what it says is known, is no change by the rules, is older than what is known, is another
 * part's of a split stream, or another instance's (`watch.shard`).
 */
export const SUPPRESSIONS = ['unchanged', 'ignored-change', 'stale', 'other-split', 'other-shard'] as const;
export type Suppression = (typeof SUPPRESSIONS)[number];

/** A frame or object that was set aside; of one piece of work, those of which nothing else is known are told of together. */
export interface Failure {
  readonly code: ErrorCode;
  /** `<namespace>/<name>` where it could be read, else ''. */
  readonly key: string;
  readonly message: string;
  /** How many there were. */
  readonly count: number;
  /** Of what has no key: hashes of the texts, by which they are told apart, the same whenever they are read again. */
  readonly contents?: readonly string[];
}

/** The same work on bytes of its own: a buffer can be transferred to one thread only. */
export function copyOfWork(work: Work): Work {
  return 'bytes' in work ? { ...work, bytes: work.bytes.slice() } : work;
}

export interface WorkResult {
  /** Position after this work; '' where it has not moved (inside a list). */
  readonly resourceVersion: string;
  /** One a lane of the plan, in its order: a packed lane (model/lane.ts), or null where there is no record. */
  readonly lanes: readonly (ArrayBuffer | null)[];
  /** Changes of the known-objects set (model/delta.ts). */
  readonly delta: ArrayBuffer;
  /** Records made (the same for each lane). */
  readonly records: number;
  /** Frames or items looked at. */
  readonly seen: number;
  readonly suppressed: Readonly<Record<Suppression, number>>;
  readonly failures: readonly Failure[];
  readonly fieldErrors: readonly { readonly field: string; readonly count: number; readonly sample: string }[];
  readonly knownObjects: number;
  readonly knownBytes: number;
}
