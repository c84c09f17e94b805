import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownTable } from '../../src/transform/known-table.ts';
import { fuzz } from '../support/fuzz.ts';

const contents = (table: KnownTable): [string, string][] =>
  [...table.entries()].map((e): [string, string] => [e.key, e.value.toString('latin1')]).sort();
const ofModel = (model: ReadonlyMap<string, string>): [string, string][] => [...model].sort();
const sortedKeys = (pairs: Iterable<{ key: string }>): string[] => [...pairs].map((e) => e.key).sort();

const key = fc.oneof(
  fc.nat({ max: 40 }).map((n) => `ns/${n}`),
  fc.string({ unit: 'grapheme', maxLength: 20 }).filter((s) => s.isWellFormed()),
);
const value = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 100_000 }).map((n) => new Uint8Array(n).fill(n & 255)) },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('set' as const), key, value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('mark' as const), key }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('begin' as const, 'sweep' as const, 'clear' as const) }) },
);

test('it behaves like a Map with marks, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const table = new KnownTable();
      const model = new Map<string, string>();
      let marks: Set<string> | undefined;
      for (const s of steps) {
        if (s.op === 'set') {
          table.set(s.key, s.value);
          model.set(s.key, Buffer.from(s.value).toString('latin1'));
          marks?.add(s.key);
        } else if (s.op === 'delete') {
          assert.equal(table.delete(s.key), model.delete(s.key));
          marks?.delete(s.key);
        } else if (s.op === 'mark') {
          if (marks === undefined) continue;
          table.mark(s.key);
          if (model.has(s.key)) marks.add(s.key);
        } else if (s.op === 'begin') {
          table.beginList();
          marks = new Set();
        } else if (s.op === 'clear') {
          table.clear();
          model.clear();
          marks = undefined;
        } else if (marks !== undefined) {
          const seen = marks;
          assert.deepEqual(sortedKeys(table.unmarked()), [...model.keys()].filter((k) => !seen.has(k)).sort());
          for (const gone of table.unmarked()) {
            assert.equal(gone.value.toString('latin1'), model.get(gone.key));
            assert.ok(table.delete(gone.key));
            model.delete(gone.key);
          }
          table.endList();
          marks = undefined;
        }
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(contents(table), ofModel(model));
      for (const [k, v] of model) assert.equal(table.get(k)?.toString('latin1'), v);
      assert.equal(table.get('never/there'), undefined);
    }),
    fuzz(300),
  );
});

test('sweeping unmarked keys deletes each of them once, also where their slots are shared with marked ones', () => {
  const table = new KnownTable();
  for (let i = 0; i < 20_000; i++) table.set(`ns/${i}`, Buffer.from(String(i)));
  table.beginList();
  for (let i = 0; i < 20_000; i += 3) table.mark(`ns/${i}`);
  let deleted = 0;
  for (const { key: gone } of table.unmarked()) {
    assert.notEqual(Number(gone.slice(3)) % 3, 0);
    assert.ok(table.delete(gone));
    deleted++;
  }
  table.endList();
  assert.equal(deleted, 20_000 - 6667);
  assert.equal(table.size, 6667);
  for (let i = 0; i < 20_000; i++) assert.equal(table.get(`ns/${i}`)?.toString(), i % 3 === 0 ? String(i) : undefined);
});

test('a list that broke off leaves no marks to the next', () => {
  const table = new KnownTable();
  table.set('a/b', Buffer.from('1'));
  table.beginList();
  table.mark('a/b');
  table.beginList();
  assert.deepEqual(sortedKeys(table.unmarked()), ['a/b']);
  table.endList();
  assert.throws(() => [...table.unmarked()], { code: 'INTERNAL' });
});

test('an object costs at most 200 bytes with a key of 60 and a value of 40', () => {
  const table = new KnownTable();
  const name = (i: number): string =>
    `namespace-of-some-team/deployments-name-7d9c5b8f6d-${String(i).padStart(9, '0')}`;
  assert.equal(name(1).length, 60);
  const bytes = Buffer.alloc(40, 7);
  for (let i = 0; i < 100_000; i++) table.set(name(i), bytes);
  assert.ok(table.byteLength / table.size <= 200, `${table.byteLength / table.size} bytes an object`);
});

test('churn with values of changing length does not grow memory', () => {
  const table = new KnownTable();
  const bytes = Buffer.alloc(400, 1);
  const churn = (rounds: number): void => {
    for (let r = 0; r < rounds; r++) {
      for (let i = 0; i < 5000; i++)
        table.set(`namespace/object-${i}`, bytes.subarray(0, 20 + ((i * 7 + r * 31) % 300)));
      for (let i = r % 5; i < 5000; i += 5) table.delete(`namespace/object-${i}`);
    }
  };
  churn(4);
  const before = table.byteLength;
  churn(60);
  assert.ok(table.byteLength <= before * 1.3, `${before} bytes grew to ${table.byteLength}`);
  const live = [...table.entries()].reduce((sum, e) => sum + e.key.length + e.value.length, 0);
  assert.ok(table.byteLength < live * 2 + 1024 * 1024, `${table.byteLength} bytes for ${live}`);
});

test('a value may be a view into the table itself', () => {
  const table = new KnownTable();
  table.set('a', Buffer.from('hello, hello'));
  table.set('b', table.get('a')!);
  table.set('a', table.get('a')!.subarray(0, 5));
  assert.equal(table.get('b')?.toString(), 'hello, hello');
  assert.equal(table.get('a')?.toString(), 'hello');
});

test('a table that is emptied leaves its memory to others', () => {
  const value = Buffer.alloc(1000, 7);
  const fill = (): KnownTable => {
    const table = new KnownTable();
    for (let i = 0; i < 20_000; i++) table.set(`uid-${i}`, value);
    return table;
  };
  const first = fill();
  const memories = new Set([...first.entries()].map((e) => e.value.buffer));
  first.clear();
  const second = fill();
  assert.deepEqual(new Set([...second.entries()].map((e) => e.value.buffer)), memories);
  assert.ok([...second.entries()].every((e) => e.value.equals(value)));
  second.clear();
});
