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
 * What a committed position is worth to a stream whose shard may have been another one then. A part of the shard of before is
 * listed again and compared, as after any change of scope. A shard that has more than that begins as if it had never been
 * listed: what it did not have before is no news, and was perhaps deleted while it changed hands, which nobody knows.
 */
export function beginningOf(stream: Stream, position: Position | undefined, now: () => number): Beginning {
  const former = position && streamOfScope(stream.id, scopeOf(position));
  if (position === undefined || former === undefined || coversShard(former.shard, stream.shard)) {
    const goesOn = mayGoOn(position) && position.scope === streamScope(stream);
    const relist = (position?.resourceVersion ?? '') !== '';
    return { position, start: { resourceVersion: goesOn ? position.resourceVersion : undefined, relist }, mark: '' };
  }
  const reason = `the share of objects was changed from ${named(former.shard)} to ${named(stream.shard)}; deletes of those that changed hands may have been missed`;
  return {
    position: { ...position, resourceVersion: '' },
    start: { resourceVersion: undefined, relist: false },
    gap: { reason, observedAt: now() * 1000 },
    mark: `:${position.sequence}`,
  };
}

function named(shard: WatchShard | undefined): string {
  return shard === undefined ? 'all' : `${shard.index} of ${shard.count} by ${shard.key}`;
}
