import { release } from '../model/release.ts';
import type { StreamCommit } from './state.ts';

/** The deltas of these commits are stored, and needed no more. Left to V8, those of a first list are tens of megabytes. */
export function spent(commits: readonly StreamCommit[]): void {
  for (const { deltas } of commits) for (const delta of deltas) release(delta);
}
