import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { splitIndex } from '../../src/model/split.ts';
import { item, NOW, pod, podPlan, short, Transforming } from '../support/transforming.ts';

describe('a list', () => {
  test('the first one makes snapshots', () => {
    const t = new Transforming(podPlan());
    const { records, page, end } = t.list(false, item(pod('a', 1)), item(pod('b', 2)));
    assert.deepEqual(short(records), ['SNAPSHOT LIST ns/a uid-a:1', 'SNAPSHOT LIST ns/b uid-b:2']);
    assert.deepEqual([page.seen, page.records, page.resourceVersion, end.resourceVersion], [2, 2, '', '60']);
    assert.equal(end.knownObjects, 2);
    assert.deepEqual([...t.stored.keys()], ['ns/a', 'ns/b']);
    assert.equal(records[0]?.laneKey, 'pods/ns/a');
  });

  test('an item has kind and apiVersion like an event, and no managedFields', () => {
    const t = new Transforming(podPlan());
    const { records } = t.list(false, item(pod('a', 1)));
    const { managedFields: _, ...metadata } = pod('a', 1).metadata as { managedFields: unknown };
    assert.deepEqual(records[0]?.object, { ...pod('a', 1), metadata });
    assert.equal(JSON.stringify(records[0]?.object), JSON.stringify({ ...pod('a', 1), metadata }), 'also in its order');
    const watched = new Transforming(podPlan()).watch(['ADDED', pod('a', 1)]);
    assert.equal(JSON.stringify(watched.records[0]?.object), JSON.stringify(records[0]?.object));
  });

  test('a relist creates, updates, suppresses and deletes', () => {
    const t = new Transforming(podPlan());
    t.list(false, ...['same', 'touched', 'changed', 'again', 'gone'].map((n) => item(pod(n, 1))));
    const { records, page, end } = t
      .restart()
      .list(
        true,
        item(pod('same', 1)),
        item(pod('touched', 9)),
        item(pod('changed', 9, { spec: { nodeName: 'n2' } })),
        item(pod('again', 9, {}, 'uid-2')),
        item(pod('new', 9)),
      );
    assert.deepEqual(short(records), [
      'UPDATED RELIST ns/changed uid-changed:9',
      'DELETED RELIST ns/again uid-again:deleted',
      'CREATED RELIST ns/again uid-2:9',
      'CREATED RELIST ns/new uid-new:9',
      'DELETED RELIST ns/gone uid-gone:deleted',
    ]);
    assert.deepEqual(page.suppressed, {
      unchanged: 1,
      'ignored-change': 1,
      stale: 0,
      'other-split': 0,
      'other-shard': 0,
    });
    assert.equal(records[1]?.object, undefined);
    assert.equal(records[4]?.resourceVersion, '1');
    assert.equal(records[4]?.uid, 'uid-gone');
    assert.equal(end.knownObjects, 5);
  });

  test('a list that broke off and begins again is no relist, and deletes nothing twice', () => {
    const t = new Transforming(podPlan());
    t.apply({ type: 'list-begin', relist: false });
    t.page(item(pod('a', 1)), item(pod('b', 1)));
    const { records } = t.list(false, item(pod('b', 1)), item(pod('c', 1)));
    assert.deepEqual(short(records), ['SNAPSHOT LIST ns/c uid-c:1', 'DELETED RELIST ns/a uid-a:deleted']);
    assert.deepEqual(t.list(true, item(pod('b', 1)), item(pod('c', 1))).records, []);
  });

  test('a streaming list is a list', () => {
    const t = new Transforming(podPlan());
    t.apply({ type: 'list-begin', relist: false });
    const line = (name: string) => `${JSON.stringify({ type: 'ADDED', object: pod(name, 1) })}\n`;
    const { records, result } = t.lines(line('a') + line('b'), { listing: true });
    assert.deepEqual(short(records), ['SNAPSHOT LIST ns/a uid-a:1', 'SNAPSHOT LIST ns/b uid-b:1']);
    assert.equal(result.resourceVersion, '');
    assert.equal(t.endList().result.resourceVersion, '60');
    t.apply({ type: 'list-begin', relist: true });
    t.lines(line('b'), { listing: true });
    assert.deepEqual(short(t.endList().records), ['DELETED RELIST ns/a uid-a:deleted']);
  });

  test('a watch after a list finds the same objects unchanged, and the other way round', () => {
    const t = new Transforming(podPlan());
    t.list(false, item(pod('a', 1)));
    const { result } = t.watch(['ADDED', pod('a', 1)], ['MODIFIED', pod('a', 2)]);
    assert.deepEqual([result.records, result.suppressed.unchanged, result.suppressed['ignored-change']], [0, 1, 1]);
    assert.equal(t.list(true, item(pod('a', 2))).page.suppressed.unchanged, 1);
  });

  test('a dump is all that a state has to have: what is known, and what patches are made from', () => {
    const t = new Transforming(podPlan({ diff: 'merge-patch' }));
    t.list(false, item(pod('a', 1)), item(pod('b', 1)));
    t.watch(['DELETED', pod('b', 2)]);
    assert.deepEqual(t.dumped(), t.stored);
  });

  test('a page that cannot be read deletes nothing', () => {
    for (const text of [
      '',
      '{"items":[',
      `{"metadata":{"resourceVersion":"1"},"items":[${JSON.stringify(item(pod('b', 1)))},{"a":]}`,
      '{"metadata":{},"items":[7]}',
    ]) {
      const t = new Transforming(podPlan());
      t.list(false, item(pod('a', 1)));
      t.apply({ type: 'list-begin', relist: true });
      const { result } = t.pageText(text);
      assert.equal(result.failures[0]?.code, 'FRAME_MALFORMED', text);
      const end = t.endList();
      assert.deepEqual(end.records, []);
      assert.match(end.result.failures[0]?.message ?? '', /nothing is taken for deleted/);
      assert.deepEqual(short(t.list(true).records).includes('DELETED RELIST ns/a uid-a:deleted'), true);
    }
  });
});

describe('a watch', () => {
  test('creates, updates and deletes', () => {
    const t = new Transforming(podPlan());
    const { records, result } = t.watch(
      ['ADDED', pod('a', 1)],
      ['MODIFIED', pod('a', 2, { spec: {} })],
      ['MODIFIED', pod('b', 3)],
      ['DELETED', pod('a', 4, { spec: {} })],
      ['DELETED', pod('unknown', 5)],
    );
    assert.deepEqual(short(records), [
      'CREATED WATCH ns/a uid-a:1',
      'UPDATED WATCH ns/a uid-a:2',
      'UPDATED WATCH ns/b uid-b:3',
      'DELETED WATCH ns/a uid-a:deleted',
      'DELETED WATCH ns/unknown uid-unknown:deleted',
    ]);
    assert.equal(result.resourceVersion, '77');
    assert.equal(result.seen, 5);
    assert.equal(records[3]?.resourceVersion, '4');
    assert.equal((records[3]!.object as { kind: string }).kind, 'Pod');
    assert.equal(records[0]?.observedAt, '2023-11-14T22:13:20.123456Z');
    assert.deepEqual([...t.stored.keys()], ['ns/b']);
  });

  test('another uid is a delete and a create; a late delete of the old one says nothing new and leaves the new one', () => {
    const t = new Transforming(podPlan());
    t.watch(['ADDED', pod('a', 1)]);
    const { records } = t.watch(['ADDED', pod('a', 3, {}, 'uid-2')], ['DELETED', pod('a', 2)]);
    assert.deepEqual(short(records), ['DELETED WATCH ns/a uid-a:deleted', 'CREATED WATCH ns/a uid-2:3']);
    assert.deepEqual(short(t.list(true).records), ['DELETED RELIST ns/a uid-2:deleted']);
  });

  test('an event that comes twice, or changes only what is ignored, makes no record', () => {
    const t = new Transforming(podPlan({ ignore: ["metadata.annotations['beat']"] }));
    t.watch(['ADDED', pod('a', 1)]);
    const { result } = t.watch(
      ['MODIFIED', pod('a', 1)],
      ['MODIFIED', pod('a', 2, { metadata: { annotations: { beat: '1' } } })],
      ['MODIFIED', pod('a', 3, { metadata: { annotations: { beat: '2' } } })],
    );
    assert.deepEqual([result.records, result.suppressed.unchanged, result.suppressed['ignored-change']], [0, 1, 2]);
    assert.equal(t.restart().watch(['MODIFIED', pod('a', 3)]).result.suppressed.unchanged, 1);
    assert.equal(
      t.watch(['MODIFIED', pod('a', 4, { metadata: { annotations: { beat: '2', x: '' } } })]).result.records,
      1,
    );
  });

  test('cluster-scoped objects and objects without uid', () => {
    const resource = { group: 'x.io', version: 'v1', kind: 'Thing', resource: 'things', namespaced: false };
    const t = new Transforming(podPlan({ stream: { id: 'things.x.io', resource, metadataOnly: false } }));
    const thing = { apiVersion: 'x.io/v1', kind: 'Thing', metadata: { name: 'a', resourceVersion: '1' } };
    assert.deepEqual(short(t.watch(['ADDED', thing]).records), ['CREATED WATCH /a things.x.io//a:1']);
    assert.deepEqual([...t.stored.keys()], ['/a']);
    const deleted = t.watch(['DELETED', thing]);
    assert.deepEqual(short(deleted.records), ['DELETED WATCH /a things.x.io//a:deleted']);
    assert.equal(t.stored.size, 0);
  });

  test('integers of any length, odd key order and white space pass through', () => {
    const t = new Transforming(podPlan());
    const text =
      '{"spec": {"n":9007199254740993123, "f":1.10},\r\t"metadata" : {"managedFields":[],"uid":"u","namespace":"ns","name":"a" },"kind":"Pod","apiVersion":"v1"}';
    const { result } = t.lines(` {"object":${text} , "type" : "ADDED"}\r\n\n`);
    assert.equal(result.records, 1);
    const payload = Buffer.from(result.lanes[0] as ArrayBuffer).toString();
    assert.ok(
      payload.includes(
        '{"spec": {"n":9007199254740993123, "f":1.10},\r\t"metadata" : {"uid":"u","namespace":"ns","name":"a" },"kind":"Pod","apiVersion":"v1"}',
      ),
    );
  });

  test('escaped keys and keys that stand twice are read as a parser reads them', () => {
    const t = new Transforming(podPlan({ redact: ['data'] }));
    const { records } = t.lines(
      '{"type":"ADDED","object":{"metad\\u0061ta":{"n\\u0061me":"a","namespace":"x","namespace":"ns","uid":"u","resourceVersion":"12"},"d\\u0061ta":{"k":"secret"},"n":12345678901234567890}}\n' +
        '{"\\u0074ype":"ADDED","\\u006fbject":{"metadata":{"name":"b","namespace":"ns","uid":"v","resourceVersion":"1"},"data":"secret","data":"secret"}}\n',
    );
    assert.deepEqual(short(records), ['CREATED WATCH ns/a u:12', 'CREATED WATCH ns/b v:1']);
    assert.ok(!JSON.stringify(records).includes('secret'));
  });
});

test('removed: everything known has gone', () => {
  const t = new Transforming(podPlan());
  t.watch(['ADDED', pod('a', 1)], ['ADDED', pod('b', 1)]);
  const { records, result } = t.apply({ type: 'removed', observedAt: NOW });
  assert.deepEqual(short(records).sort(), ['DELETED RELIST ns/a uid-a:deleted', 'DELETED RELIST ns/b uid-b:deleted']);
  assert.equal(result.knownObjects, 0);
  assert.equal(t.stored.size, 0);
});

test('a bookmark moves the position and nothing else', () => {
  const t = new Transforming(podPlan());
  const { result } = t.apply({ type: 'bookmark', resourceVersion: '99' });
  assert.deepEqual(
    [result.resourceVersion, result.records, result.lanes, result.delta.byteLength],
    ['99', 0, [null], 0],
  );
});

test('a gap is one record that names no object', () => {
  const gap = { type: 'gap', reason: 'state lost', epoch: 'e1', observedAt: NOW } as const;
  const { records } = new Transforming(podPlan()).apply(gap);
  assert.deepEqual([records[0]?.operation, records[0]?.id, records[0]?.name], ['GAP', 'gap:e1:pods', '']);
  assert.equal(new Transforming(podPlan({ split: { index: 0, of: 2 } })).apply(gap).records.length, 1);
  assert.equal(new Transforming(podPlan({ split: { index: 1, of: 2 } })).apply(gap).records.length, 0);
});

describe('what is bad does not stop what is good', () => {
  const good = (name: string) => JSON.stringify({ type: 'ADDED', object: pod(name, 1) });
  const bad = [
    'garbage',
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":null}',
    '{"type":"ADDED","object":{"metadata":{"name":"x","namespace":"ns"',
    '{"type":"ADDED","object":{"metadata":{"name":"x","namespace":"ns"},"data":"hunter2}}',
    '{"type":"ADDED","object":{"metadata":{"name":"x"}}} trailing',
    '{"type":"ADDED","object":{"metadata":{"name":"x"},"a":01}}',
    '{"type":"ADDED","object":{"metadata":{"name":"x"},"a":"\t"}}',
    '{"type":"WHAT","object":{"metadata":{"name":"x"}}}',
    '{"type":"ERROR","object":{"kind":"Status"}}',
    '{"type":"ADDED","object":{"metadata":{"uid":"x"}}}',
    '{"type":"ADDED","object":{"metadata":{"name":7}}}',
    '{"type":"ADDED","object":{}}',
  ];
  for (const line of bad) {
    test(line, () => {
      const t = new Transforming(podPlan());
      const { records, result } = t.lines(`${good('a')}\n${line}\n${good('b')}\n`);
      assert.deepEqual(short(records), ['CREATED WATCH ns/a uid-a:1', 'CREATED WATCH ns/b uid-b:1']);
      assert.equal(result.failures.length, 1);
      assert.equal(result.failures[0]?.code, 'FRAME_MALFORMED');
      assert.ok(!result.failures[0]?.message.includes('hunter2'));
      assert.equal(result.seen, 3);
    });
  }

  test('bytes that are not UTF-8', () => {
    const t = new Transforming(podPlan());
    const broken = Buffer.from(good('x').replace('n1', 'n?'));
    broken[broken.indexOf('n?') + 1] = 0xff;
    const { records, result } = t.lines(
      Buffer.concat([Buffer.from(`${good('a')}\n`), broken, Buffer.from(`\n${good('b')}\n`)]),
    );
    assert.deepEqual(short(records), ['CREATED WATCH ns/a uid-a:1', 'CREATED WATCH ns/b uid-b:1']);
    assert.equal(result.failures.length, 1);
  });

  test('an object that cannot be processed goes to no lane, and its neighbours do', () => {
    const plan = podPlan({
      lanes: [
        { exporter: 'a', encoding: 'json' },
        { exporter: 'b', encoding: 'json' },
      ],
    });
    const t = new Transforming(plan);
    // A known value holds at most 64 KiB of uid.
    const { result } = t.lines(
      `${good('a')}\n${JSON.stringify({ type: 'ADDED', object: pod('huge', 1, {}, 'x'.repeat(70_000)) })}\n${good('b')}\n`,
    );
    assert.deepEqual(
      [result.failures[0]?.code, result.failures[0]?.key, result.records],
      ['OBJECT_POISONOUS', 'ns/huge', 2],
    );
    assert.ok(!result.failures[0]?.message.includes('xxx'));
    for (const lane of result.lanes) assert.equal(new DataView(lane as ArrayBuffer).getUint32(0, true), 2);
  });

  test('a flood of what cannot be told apart is counted, not kept', () => {
    const { result } = new Transforming(podPlan()).lines('bad\n'.repeat(5_000));
    assert.deepEqual(
      result.failures.map(({ code, key, count }) => [code, key, count]),
      [['FRAME_MALFORMED', '', 5_000]],
    );
  });

  test('every object that cannot be processed is told of, however many there are', () => {
    const huge = 'x'.repeat(70_000);
    const names = Array.from({ length: 250 }, (_, i) => `huge-${i}`);
    const lines = names.map((name) => JSON.stringify({ type: 'ADDED', object: pod(name, 1, {}, huge) }));
    const { result } = new Transforming(podPlan()).lines(`${lines.join('\n')}\n`);
    assert.deepEqual(
      result.failures.map(({ key, count }) => [key, count]),
      names.map((name) => [`ns/${name}`, 1]),
    );
  });
});

test('the parts of a split stream share the objects, each its own', () => {
  const parts = [0, 1, 2].map((index) => new Transforming(podPlan({ split: { index, of: 3 } })));
  const names = Array.from({ length: 40 }, (_, i) => `pod-${i}`);
  const all = parts.map((t) => t.watch(...names.map((n) => ['ADDED', pod(n, 1)] as const)));
  assert.deepEqual(all.flatMap((a) => a.records.map((r) => String(r.name))).sort(), [...names].sort());
  all.forEach((a, index) => {
    assert.equal(a.result.suppressed['other-split'], 40 - a.result.records);
    assert.ok(a.result.records > 0);
    for (const r of a.records) assert.equal(splitIndex(`ns/${r.name}`, 3), index);
  });
  // Another number of parts after a restart: each is given everything and takes its own.
  const stored = new Map(parts.flatMap((t) => [...t.stored]));
  const whole = new Transforming(podPlan());
  for (const [key, value] of stored) whole.stored.set(key, value);
  const two = [0, 1].map((index) => whole.restart(podPlan({ split: { index, of: 2 } })));
  const again = two.map((t) => t.list(true, ...names.slice(1).map((n) => item(pod(n, 1)))));
  assert.deepEqual(
    again.flatMap((a) => short(a.records)),
    ['DELETED RELIST ns/pod-0 uid-pod-0:deleted'],
  );
  assert.equal(
    again.reduce((sum, a) => sum + a.page.suppressed.unchanged, 0),
    39,
  );
});
