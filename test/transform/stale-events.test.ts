import assert from 'node:assert/strict';
import { test } from 'node:test';
import { item, pod, podPlan, short, Transforming } from '../support/transforming.ts';

const label = (value: string): { metadata: object } => ({ metadata: { labels: { value } } });

/** What a relist that broke off has committed is newer than the position, from which the watch then replays. */
test('a watch that replays what came before a list that broke off does not go back in time', () => {
  const t = new Transforming(podPlan());
  t.list(false, item(pod('a', 10)), item(pod('b', 10)));
  t.apply({ type: 'list-begin', relist: true });
  t.page(item(pod('a', 150, label('new'))), item(pod('b', 160, {}, 'uid-b2')));
  const { records, result } = t
    .restart()
    .watch(
      ['MODIFIED', pod('a', 99, label('old'))],
      ['MODIFIED', pod('b', 110, label('old'))],
      ['DELETED', pod('b', 130)],
      ['ADDED', pod('b', 160, {}, 'uid-b2')],
      ['MODIFIED', pod('a', 170, label('newer'))],
    );
  assert.deepEqual(short(records), ['UPDATED WATCH ns/a uid-a:170']);
  assert.equal(result.suppressed.stale, 3);
});

test('a list is right even where versions have gone back, as after a restored etcd', () => {
  const t = new Transforming(podPlan());
  t.list(false, item(pod('a', 1000, label('new'))));
  assert.deepEqual(short(t.list(true, item(pod('a', 900, label('restored')))).records), [
    'UPDATED RELIST ns/a uid-a:900',
  ]);
  assert.deepEqual(short(t.watch(['MODIFIED', pod('a', 901, label('next'))]).records), [
    'UPDATED WATCH ns/a uid-a:901',
  ]);
});

test('after a restored etcd versions are given a second time: contents are compared, and ids carry the generation', () => {
  const t = new Transforming(podPlan());
  t.list(false, item(pod('a', 1000, label('before'))), item(pod('b', 1001)), item(pod('lost', 1002)));
  t.watch(['DELETED', pod('b', 1003)]);
  t.apply({ type: 'list-begin', relist: true, restored: true, generation: 1 });
  // a was written again and got the version that it had, b lives again, and what came after the backup is gone
  const { records } = t.page(item(pod('a', 1000, label('after'))), item(pod('b', 900)));
  assert.deepEqual(short(records), ['UPDATED RELIST ns/a uid-a:1000:1', 'CREATED RELIST ns/b uid-b:900:1']);
  const end = t.apply({ type: 'list-end', resourceVersion: '1000', observedAt: 1, generation: 1 });
  assert.deepEqual(short(end.records), ['DELETED RELIST ns/lost uid-lost:deleted:1']);
  assert.deepEqual(short(t.watch(['DELETED', pod('b', 1003)]).records), ['DELETED WATCH ns/b uid-b:deleted:1']);
  assert.deepEqual(
    short(t.list(true, item(pod('a', 1000, label('after')))).records),
    [],
    'known, and compared by version',
  );
});

test('in the list behind a gap there are no patches: more may have been delivered than is known', () => {
  const t = new Transforming(podPlan({ diff: 'merge-patch' }));
  t.list(false, item(pod('a', 1)));
  t.apply({ type: 'gap', reason: 'crash', epoch: 'e:1', observedAt: 1 });
  const [first] = t.list(true, item(pod('a', 5, label('x')))).records;
  assert.deepEqual([first?.operation, first?.patch], ['UPDATED', undefined]);
  const [next] = t.watch(['MODIFIED', pod('a', 6, label('y'))]).records;
  assert.deepEqual(next?.patch, { metadata: { resourceVersion: '6', labels: { value: 'y' } } });
  const [other] = t.list(true, item(pod('a', 7, label('z')))).records;
  assert.ok(other?.patch !== undefined, 'a list that follows no gap');
});

test('a plan says of which generation a stream is that begins again', () => {
  const t = new Transforming(podPlan({ generation: 2 }));
  assert.deepEqual(short(t.watch(['ADDED', pod('a', 5)]).records), ['CREATED WATCH ns/a uid-a:5:2']);
});

test('versions that are no decimal numbers have no order', () => {
  const t = new Transforming(podPlan());
  t.watch(['ADDED', pod('a', 'z9')]);
  assert.deepEqual(short(t.watch(['MODIFIED', pod('a', 'a1', label('x'))]).records), ['UPDATED WATCH ns/a uid-a:a1']);
});
