import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GapMarkers } from '../../src/topology/gap-markers.ts';

const LIST = { type: 'list-begin', relist: true } as const;
const LOSS = { reason: 'lost', observedAt: 1 };

test('a loss is said at each beginning until it is committed', () => {
  const gaps = new GapMarkers(undefined);
  assert.equal(gaps.say(undefined, 'e'), undefined);
  assert.deepEqual(gaps.say(LOSS, 'e1'), { type: 'gap', ...LOSS, epoch: 'e1' });
  assert.deepEqual(gaps.say(undefined, 'e2'), { type: 'gap', ...LOSS, epoch: 'e2' });
  gaps.committed();
  assert.equal(gaps.say(undefined, 'e2'), undefined);
});

test('after a crash a list is announced, with one id for as long as nothing is committed', () => {
  const ids = [1, 2].map(() => {
    const gaps = new GapMarkers(undefined);
    gaps.uncertain('e', 12);
    assert.equal(gaps.isUncertain, true);
    const marker = gaps.before(LIST);
    assert.equal(gaps.isUncertain, false);
    assert.equal(gaps.before(LIST), undefined, 'once');
    return marker?.type === 'gap' && marker.epoch;
  });
  assert.deepEqual(ids, ['e:12', 'e:12']);
});

test('a watch that goes on after a crash tells all of it again, when it has come to where the server was', () => {
  const gaps = new GapMarkers(undefined);
  gaps.uncertain('e', 12);
  gaps.resuming('9');
  gaps.resuming('20'); // later, and nothing new was delivered before the crash
  for (const resourceVersion of ['7', '8']) {
    assert.equal(gaps.before({ type: 'bookmark', resourceVersion }), undefined);
    assert.ok(gaps.isUncertain, resourceVersion);
  }
  assert.equal(gaps.before({ type: 'bookmark', resourceVersion: '10' }), undefined);
  assert.ok(!gaps.isUncertain);
  assert.equal(gaps.before(LIST), undefined);
});

test('a watch that breaks off before, or whose versions cannot be compared, leaves it uncertain', () => {
  for (const [server, read] of [
    ['9', '8'],
    ['9', 'x'],
    ['x', '9'],
    ['', '9'],
  ] as const) {
    const gaps = new GapMarkers(undefined);
    gaps.uncertain('e', 12);
    gaps.resuming(server);
    gaps.before({ type: 'bookmark', resourceVersion: read });
    assert.equal(gaps.before(LIST)?.type, 'gap', `${server} ${read}`);
  }
});
