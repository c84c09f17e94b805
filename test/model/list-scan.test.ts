import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listItems, nextItem, scanList } from '../../src/model/list-scan.ts';
import { fuzz } from '../support/fuzz.ts';

function read(text: string) {
  const bytes = Buffer.from(text);
  const list = scanList(bytes);
  if (list === undefined) return undefined;
  const items = [...listItems(bytes, list)].map(({ start, end }) =>
    end < 0 ? 'broken' : JSON.parse(bytes.toString('utf8', start, end)),
  );
  return { resourceVersion: list.resourceVersion, continue: list.continue, remaining: list.remaining, items };
}

const metadata = { resourceVersion: '10', continue: 'abc"\\', remainingItemCount: 5 };
const items = [{ a: ']}', metadata: { resourceVersion: '1' } }, { b: [1, { c: '"' }] }];
const expected = { resourceVersion: '10', continue: 'abc"\\', remaining: 5, items };

test('reads the body as an API server writes it', () => {
  assert.deepEqual(read(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items })), expected);
  assert.deepEqual(read(`${JSON.stringify({ apiVersion: 'v1', kind: 'PodList', metadata, items })}\n`), expected);
});

test('reads the body of a list of custom resources', () => {
  const sorted = { apiVersion: 'example.com/v1', items, kind: 'WidgetList', metadata };
  assert.deepEqual(read(JSON.stringify(sorted)), expected);
  assert.deepEqual(read(JSON.stringify({ ...sorted, items: [] })), { ...expected, items: [] });
  const nested = [{ x: [1], kind: 'W', metadata: { resourceVersion: '3' } }];
  assert.deepEqual(read(JSON.stringify({ ...sorted, items: nested })), { ...expected, items: nested });
  assert.deepEqual(read(JSON.stringify({ apiVersion: 'v1', items, z: [], kind: 'WidgetList', metadata })), expected);
});

test('reads any order and white space', () => {
  assert.deepEqual(read(JSON.stringify({ items, metadata, kind: 'PodList' })), expected);
  assert.deepEqual(read(JSON.stringify({ kind: 'PodList', metadata, items, more: [{ x: 1 }] })), expected);
  assert.deepEqual(
    read(JSON.stringify({ kind: 'PodList', more: { metadata: { resourceVersion: '1' } }, metadata, items })),
    expected,
  );
  assert.deepEqual(read(JSON.stringify({ kind: 'PodList', metadata, items }, null, 2)), expected);
  assert.deepEqual(read(JSON.stringify({ kind: 'PodList', metadata, extra: '"items":[', items })), expected);
});

test('a member behind items does not become an item', () => {
  const got = read(`{"kind":"L","metadata":{"resourceVersion":"1"},"items":[{"a":1}],"x":[{"b":2}]}`);
  assert.deepEqual(got?.items, [{ a: 1 }]);
});

test('empty lists', () => {
  const empty = { resourceVersion: '1', continue: '', remaining: undefined, items: [] };
  for (const text of ['"items":[]', '"items":null', '"items": [ ]', '"x":1']) {
    assert.deepEqual(read(`{"kind":"L","metadata":{"resourceVersion":"1"},${text}}`), empty, text);
  }
  assert.deepEqual(read('{"metadata":{},"items":[]}'), { ...empty, resourceVersion: '' });
});

test('what is not a list is refused', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '{}',
    '{"kind":"Status"}',
    '{"items":{}}',
    '{"items":[}',
    '{"metadata":{},"items":[{}]} x',
    '{"metadata":{},"items":[{}]}\0',
  ]) {
    assert.equal(read(text), undefined, text);
  }
});

test('a body that was cut off is refused, or its last item is', () => {
  const text = JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items });
  for (let i = 0; i < text.length; i++) {
    const got = read(text.slice(0, i));
    assert.ok(got === undefined || got.items.at(-1) === 'broken', text.slice(0, i));
  }
});

test('a broken item is marked', () => {
  assert.deepEqual(read('{"metadata":{"resourceVersion":"1"},"items":[{"a":1},{"b":},{"c":1}]}')?.items ?? ['broken'], [
    { a: 1 },
    'broken',
  ]);
  assert.equal(nextItem(Buffer.from('{} {}'), 2, 5), -1);
  assert.equal(nextItem(Buffer.from('{} , '), 2, 5), -1);
  assert.equal(nextItem(Buffer.from('{}  '), 2, 4), 4);
});

test('equals JSON.parse on any list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.json({ maxDepth: 3 })),
      fc.string(),
      fc.string(),
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      (values, rv, token, order) => {
        const members = [
          `"kind":"L"`,
          `"metadata":${JSON.stringify({ resourceVersion: rv, continue: token, more: { continue: 'no' } })}`,
          `"items":[${values.map((v) => `{"v":${v}}`).join(' , ')}]`,
          `"x":${JSON.stringify(token)}`,
        ];
        const text = `{${order.map((i) => members[i]).join(',')}}`;
        assert.deepEqual(read(text), {
          resourceVersion: rv,
          continue: token,
          remaining: undefined,
          items: JSON.parse(text).items,
        });
      },
    ),
    fuzz(300),
  );
});
