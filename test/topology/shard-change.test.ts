import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listingScope, type Position } from '../../src/model/position.ts';
import { type Stream, streamScope } from '../../src/model/resource.ts';
import type { WatchShard } from '../../src/model/watch-shard.ts';
import { beginningOf } from '../../src/topology/shard-change.ts';
import { stateName } from '../../src/topology/state-name.ts';
import { watchConfig } from '../../src/watch/config.ts';

const PODS: Stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};
const sharded = (shard: WatchShard | undefined): Stream => (shard === undefined ? PODS : { ...PODS, shard });
const half = (index: number): WatchShard => ({ index, count: 2, key: 'uid' });
const at = (stream: Stream): Position => ({
  resourceVersion: '7',
  sequence: 3,
  committedAt: 1,
  scope: streamScope(stream),
});
const begin = (from: WatchShard | undefined, to: WatchShard | undefined) =>
  beginningOf(sharded(to), at(sharded(from)), () => 5);

describe('a position of another shard', () => {
  test('the same one: it is gone on from', () => {
    for (const same of [half(0), undefined])
      assert.deepEqual(begin(same, same), {
        position: at(sharded(same)),
        start: { resourceVersion: '7', relist: true },
        mark: '',
      });
  });

  test('another one: everything is listed, and it is said that deletes may be missing', () => {
    const quarter = { index: 3, count: 4, key: 'uid' } as const;
    for (const [from, to, words] of [
      [half(0), undefined, /from 0 of 2 by uid to all; deletes of those that changed hands may have been missed/],
      [half(0), half(1), /from 0 of 2 by uid to 1 of 2 by uid/],
      [half(1), { index: 1, count: 3, key: 'uid' }, /to 1 of 3/],
      [half(0), { ...half(0), key: 'namespace' }, /to 0 of 2 by namespace/],
      [undefined, half(1), /from all to 1 of 2/],
      [half(1), quarter, /to 3 of 4/],
    ] as const) {
      const { position, gap, start, mark } = begin(from, to);
      // A part of the one before has all that it needs to tell what is new.
      const relist = from === undefined || to === quarter;
      assert.deepEqual([start, mark], [{ resourceVersion: undefined, relist }, ':3']);
      assert.deepEqual(position, { ...at(sharded(from)), resourceVersion: '' });
      assert.match(gap?.reason ?? '', words);
      assert.equal(gap?.observedAt, 5000);
    }
  });

  test('in the middle of a list', () => {
    const listing = { ...at(sharded(half(0))), scope: listingScope(streamScope(sharded(half(0)))) };
    assert.notEqual(beginningOf(sharded(half(1)), listing, Date.now).gap, undefined);
    assert.deepEqual(beginningOf(sharded(half(0)), listing, Date.now), {
      position: listing,
      start: { resourceVersion: undefined, relist: true },
      mark: '',
    });
  });

  test('no position is no change', () => {
    assert.deepEqual(beginningOf(sharded(half(0)), undefined, Date.now), {
      position: undefined,
      start: { resourceVersion: undefined, relist: false },
      mark: '',
    });
  });
});

test('the scope of a stream without a shard is what it was before there were any', () => {
  assert.ok(!streamScope(PODS).includes('shard'));
  assert.notEqual(streamScope(sharded(half(0))), streamScope(sharded(half(1))));
});

test('each shard has its own state in Redis, and the first one that of an instance alone', () => {
  const name = (shard: WatchShard | undefined, url: string | undefined): string =>
    stateName({
      cluster: { name: 'demo' },
      state: { url, tls: undefined, lease: { ttl: 1 } },
      watch: watchConfig.parse(shard === undefined ? {} : { shard }),
    });
  const url = 'redis://r:6379/0';
  assert.deepEqual(
    [undefined, half(0), half(1)].map((s) => name(s, url)),
    ['demo', 'demo', 'demo#1'],
  );
  assert.equal(name(half(1), undefined), 'demo', 'an embedded one is that of its folder');
});
