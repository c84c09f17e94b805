import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDelta } from '../../src/model/delta.ts';
import { CHANGES_TABLE, ChangeLog } from '../../src/state/embedded/change-log.ts';
import type { KnownChunk } from '../../src/state/embedded/protocol.ts';
import { delta } from '../support/state-contract.ts';

const TABLES = `CREATE TABLE known (stream INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (stream, key)) STRICT, WITHOUT ROWID; ${CHANGES_TABLE}`;

function rows(database: DatabaseSync): Map<string, string> {
  const all = database.prepare('SELECT stream, key, value FROM known').all();
  return new Map(
    all.map((r) => [`${r.stream} ${Buffer.from(r.key as Uint8Array)}`, String(Buffer.from(r.value as Uint8Array))]),
  );
}

/** What was folded, and the log on top of it. */
function readAll(database: DatabaseSync, log: ChangeLog): Map<string, string> {
  const known = rows(database);
  for (const stream of [1, 2, 3]) {
    log.beginRead(stream);
    for (let change: number | undefined = 0; change !== undefined; ) {
      const { packed, after }: KnownChunk = log.read(stream, change);
      for (const { key, value } of readDelta(packed)) {
        if (value === undefined) known.delete(`${stream} ${key}`);
        else known.set(`${stream} ${key}`, value.toString());
      }
      change = after !== undefined && 'change' in after ? after.change : undefined;
    }
  }
  return known;
}

const change = fc.record({
  stream: fc.integer({ min: 1, max: 3 }),
  key: fc.constantFrom('a/x', 'a/y', 'b/x', '/n', 'a/ü', 'z/z'),
  value: fc.option(fc.string({ maxLength: 5 }), { nil: null }),
});
const step = fc.oneof(
  { weight: 10, arbitrary: fc.array(change, { maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('reopen' as const, 'forget' as const, 'read' as const, 'roll back' as const),
  },
);

test('what is folded, in slices and over restarts, is what was committed last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const database = new DatabaseSync(':memory:');
      database.exec(TABLES);
      const open = (): ChangeLog => new ChangeLog(database, { leastBytes: 60, slice: 2, part: 40 });
      let log = open();
      const expected = new Map<string, string>();
      const inTransaction = (work: () => void, end = 'COMMIT'): void => {
        database.exec('BEGIN');
        work();
        database.exec(end);
      };
      for (const s of steps) {
        if (s === 'reopen') log = open();
        else if (s === 'read') assert.deepEqual(readAll(database, log), expected);
        else if (s === 'roll back') {
          inTransaction(() => {
            log.append(1, new Uint8Array(delta({ 'a/x': 'never', 'q/q': 'never' })));
            log.foldSome();
          }, 'ROLLBACK');
          log.rolledBack();
        } else if (s === 'forget') {
          inTransaction(() => {
            log.forget(2);
            database.exec('DELETE FROM known WHERE stream = 2');
          });
          for (const key of [...expected.keys()]) if (key.startsWith('2 ')) expected.delete(key);
        } else {
          inTransaction(() => {
            for (const { stream, key, value } of s) {
              log.append(stream, new Uint8Array(delta({ [key]: value })));
              if (value === null) expected.delete(`${stream} ${key}`);
              else expected.set(`${stream} ${key}`, value);
            }
            log.foldSome();
          });
        }
      }
      assert.deepEqual(readAll(database, log), expected);
      database.close();
    }),
    { numRuns: 200 },
  );
});

test('the log does not grow beyond what it is folded into', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(TABLES);
  const log = new ChangeLog(database, { leastBytes: 10_000, slice: 100, part: 2000 });
  let most = 0;
  for (let i = 0; i < 3000; i++) {
    database.exec('BEGIN');
    log.append(1, new Uint8Array(delta({ [`ns/${i % 500}`]: 'x'.repeat(100), [`ns/${(i * 7) % 500}`]: `${i}` })));
    log.foldSome();
    database.exec('COMMIT');
    most = Math.max(most, Number(database.prepare('SELECT sum(length(delta)) AS n FROM changes').get()?.n));
  }
  assert.ok(most < 200_000, `${most}`);
});

test('nothing is folded while a stream is read, and a delta of any size is read in pieces', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(TABLES);
  const log = new ChangeLog(database, { leastBytes: 1, slice: 1_000_000, part: 2 ** 24 });
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`ns/${i}`, `${i}`.padEnd(1000, '.')]));
  const commit = (): void => {
    database.exec('BEGIN');
    log.append(1, new Uint8Array(delta(many)));
    log.foldSome();
    database.exec('COMMIT');
  };
  log.beginRead(1);
  commit();
  assert.equal(rows(database).size, 0);
  const keys = new Set<string>();
  let chunks = 0;
  for (let at: number | undefined = 0; at !== undefined; chunks++) {
    const { packed, after }: KnownChunk = log.read(1, at);
    assert.ok(packed.byteLength < 1.5 * 2 ** 20);
    for (const { key } of readDelta(packed)) keys.add(key);
    at = after !== undefined && 'change' in after ? after.change : undefined;
  }
  assert.equal(keys.size, 3000);
  assert.ok(chunks > 2);
  commit();
  assert.equal(rows(database).size, 3000);
});
