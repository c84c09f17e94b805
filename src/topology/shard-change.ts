import { isDeepStrictEqual } from 'node:util';
import { mayGoOn, type Position, scopeOf } from '../model/position.ts';
import { type Stream, streamOfScope, streamScope } from '../model/resource.ts';
import { coversShard, type WatchShard } from '../model/watch-shard.ts';
import type { Gap } from './stream-run-context.ts';

export interface Beginning {
  readonly position: Position | undefined;
  /** Where the watch has to start, undefined for a list; `relist` where what a list shows is news. */
  readonly start: { readonly resourceVersion: string | undefined; readonly relist: boolean };
  /** Set where deletes may have been missed. */
  readonly gap?: Gap;
  /** Behind the epoch in the id of the gap's marker: the same until it is committed, and another one for the next change. */
  readonly mark: string;
}

/**
 * What a committed position is worth to a stream whose shard may have been another one then. No watch may go on from it, from the
 * first commit on: everything is listed. What changed hands was perhaps deleted meanwhile, which nobody knows: neither who had it, since it is
 * not listed there any more, nor who has it now. What a shard lists that it did not have before is no news; where it has lost
 * something only, what is not known is new.
 */
export function beginningOf(stream: Stream, position: Position | undefined, now: () => number): Beginning {
  const former = position && streamOfScope(stream.id, scopeOf(position));
  const had = (position?.resourceVersion ?? '') !== '';
  if (position === undefined || former === undefined || isDeepStrictEqual(former.shard, stream.shard)) {
    const goesOn = mayGoOn(position) && position.scope === streamScope(stream);
    return {
      position,
      start: { resourceVersion: goesOn ? position.resourceVersion : undefined, relist: had },
      mark: '',
    };
  }
  const reason = `the share of objects was changed from ${named(former.shard)} to ${named(stream.shard)}; deletes of those that changed hands may have been missed`;
  return {
    position: { ...position, resourceVersion: '' },
    start: { resourceVersion: undefined, relist: had && coversShard(former.shard, stream.shard) },
    gap: { reason, observedAt: now() * 1000 },
    mark: `:${position.sequence}`,
  };
}

function named(shard: WatchShard | undefined): string {
  return shard === undefined ? 'all' : `${shard.index} of ${shard.count} by ${shard.key}`;
}
