import assert from 'node:assert/strict';
import { compareResourceVersions } from '../../src/model/position.ts';
import type { ChangeRow } from './rig.ts';
import type { SeenRecord } from './stream-reader.ts';
import type { Workload, Write } from './workload.ts';

export const keyOf = (r: { group: string; resource: string; namespace: string; name: string }): string =>
  `${r.resource}${r.group === '' ? '' : `.${r.group}`}/${r.namespace}/${r.name}`;

const idOf = (w: Write): string => (w.operation === 'DELETED' ? `${w.uid}:deleted` : `${w.uid}:${w.resourceVersion}`);

/** No id twice, each message deduplicated by its id, and the versions of each object in ascending order up to its delete. */
export class StreamCheck {
  readonly ids = new Set<string>();
  readonly #last = new Map<string, string>();

  add(r: SeenRecord): void {
    assert.equal(r.messageId, r.id);
    assert.ok(!this.ids.has(r.id), `id ${r.id} stands twice in the stream (${keyOf(r)})`);
    this.ids.add(r.id);
    if (r.operation === 'GAP') return;
    const before = this.#last.get(r.uid);
    assert.notEqual(before, 'deleted', `${keyOf(r)}: ${r.operation} of ${r.uid} after its delete`);
    if (r.operation === 'DELETED') this.#last.set(r.uid, 'deleted');
    else {
      if (before !== undefined)
        assert.ok(
          (compareResourceVersions(before, r.resourceVersion) ?? 0) < 0,
          `${keyOf(r)}: ${r.resourceVersion} after ${before}`,
        );
      this.#last.set(r.uid, r.resourceVersion);
    }
  }
}

export function checkStream(records: readonly SeenRecord[]): void {
  const check = new StreamCheck();
  for (const record of records) check.add(record);
}

/** Every confirmed write is there. */
export function checkWrites(records: readonly { id: string }[], writes: readonly Write[], where: string): void {
  const ids = new Set(records.map((r) => r.id));
  const missing = writes.filter((w) => !ids.has(idOf(w)));
  assert.deepEqual(missing.slice(0, 5), [], `${missing.length} of ${writes.length} writes are missing in ${where}`);
}

/** What the stream adds up to is what lives. */
export function checkLiving(records: readonly SeenRecord[], workload: Workload, namespaces: readonly string[]): void {
  const state = new Map<string, string>();
  for (const r of records) {
    if (!namespaces.includes(r.namespace)) continue;
    if (r.operation !== 'DELETED') state.set(keyOf(r), `${r.uid}:${r.resourceVersion}`);
    else if (state.get(keyOf(r))?.startsWith(r.uid) === true) state.delete(keyOf(r));
  }
  const living = new Map([...workload.living].map(([key, o]) => [key, `${o.uid}:${o.resourceVersion}`]));
  const wrong = [...new Set([...state.keys(), ...living.keys()])].filter((k) => state.get(k) !== living.get(k));
  assert.deepEqual(
    wrong.slice(0, 5).map((k) => [k, state.get(k), living.get(k)]),
    [],
    `${wrong.length} objects differ`,
  );
}

/** The table has no id twice, and exactly the records of the stream. */
export function checkTable(rows: readonly ChangeRow[], records: readonly SeenRecord[]): void {
  const ids = new Set<string>();
  for (const row of rows) {
    assert.ok(!ids.has(row.id), `id ${row.id} stands twice in the table`);
    ids.add(row.id);
  }
  const streamed = new Set(records.map((r) => r.id));
  assert.deepEqual([...ids].filter((id) => !streamed.has(id)).slice(0, 5), [], 'in the table and not in the stream');
  assert.deepEqual([...streamed].filter((id) => !ids.has(id)).slice(0, 5), [], 'in the stream and not in the table');
}
