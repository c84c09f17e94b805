import assert from 'node:assert/strict';
import { compareResourceVersions } from '../../src/model/position.ts';
import type { ChangeRow } from '../support/rig.ts';
import type { SeenRecord } from '../support/stream-reader.ts';
import { applyMergePatch } from '../transform/patch-apply.ts';
import type { Life, Revision } from './etcd-history.ts';

/** What a fault makes impossible by the nature of Kubernetes; everything else has to be there. */
export interface Allowance {
  /** Resources that were listed again: versions that came and went in between were never to be seen. `*`: all. */
  readonly relisted?: readonly string[];
  /**
   * The state was lost while the program was down: deletes made meanwhile cannot be known, and what lives is a snapshot
   * again, for all that anybody knows.
   */
  readonly deletesUnknown?: boolean;
  /** Objects that were set aside, by uid. */
  readonly setAside?: ReadonlySet<string>;
}

interface Seen {
  readonly records: SeenRecord[];
}

type JsonObject = Record<string, unknown>;

/** What Kubernetes stores without it being a part of the object that the API shows, or that Watershard prunes by default. */
function shown({ json, revision }: Revision): JsonObject | undefined {
  if (json === undefined) return undefined;
  const object = JSON.parse(json) as JsonObject & { metadata: JsonObject };
  delete object.metadata.managedFields;
  return { ...object, metadata: { ...object.metadata, resourceVersion: revision } };
}

function withoutVersion(object: JsonObject | undefined): string | undefined {
  if (object === undefined) return undefined;
  const { resourceVersion: _, ...metadata } = object.metadata as JsonObject;
  return JSON.stringify({ ...object, metadata });
}

/** Revisions that change nothing but the version: not a change by the default rules. */
function changes(life: Life): string[] {
  let before: string | undefined;
  return life.revisions
    .filter((r) => {
      const now = withoutVersion(shown(r));
      const changed = now === undefined || now !== before;
      before = now;
      return changed;
    })
    .map((r) => r.revision);
}

/**
 * Compares what a sink has with what etcd has seen, object by object: nothing missing, nothing invented, each once, in order,
 * with the right content, and patches that lead from one to the next.
 */
export class Judge {
  /** What earlier verdicts have allowed, or complained of: each is told once. */
  readonly #told = new Set<string>();
  /** States lost while the program was down. */
  #losses = 0;
  #crashed: ReadonlySet<string> = new Set();
  #lives: ReadonlyMap<string, Life> = new Map();

  /** @throws AssertionError with the first differences that no earlier verdict has told */
  judge(records: readonly SeenRecord[], lives: ReadonlyMap<string, Life>, allowance: Allowance = {}): void {
    if (allowance.deletesUnknown === true) this.#losses++;
    const seen = byUid(this.once(records));
    this.#crashed = this.#newGaps(records);
    this.#lives = lives;
    const faults: string[] = [];
    for (const [uid, life] of lives) {
      const crashed = this.#crashed.has(life.resource);
      const gaps = isRelisted(life.resource, allowance) || crashed;
      const setAside = allowance.setAside?.has(uid) === true;
      for (const { kind, text } of faultsOf(life, seen.get(uid)?.records ?? [])) {
        const told = `${life.resource} ${life.namespace}/${life.name} ${uid}: ${text}`;
        if (this.#told.has(told)) continue;
        this.#told.add(told);
        const unknown = (allowance.deletesUnknown === true || crashed) && (kind === 'delete' || kind === 'again');
        if (setAside || (kind === 'missed' && gaps) || unknown) continue;
        faults.push(told);
      }
    }
    for (const [uid, { records: own }] of seen)
      if (!lives.has(uid)) faults.push(`uid ${uid} (${own[0]?.resource}/${own[0]?.name}) is not in etcd`);
    assert.deepEqual(faults.slice(0, 8), [], `${faults.length} differences between etcd and the sink`);
  }

  /**
   * The table has each id once and what the stream has. After a list, versions may stand in the one sink alone that had stored
   * them before a crash; the last state of each object stands in both, but for those that came and went between the last
   * commit and the list, of which nobody can know any more.
   * @throws AssertionError
   */
  judgeTable(rows: readonly ChangeRow[], records: readonly SeenRecord[], allowance: Allowance = {}): void {
    const ids = new Set<string>();
    const inTable = new Set(rows.map((row) => row.uid));
    for (const { id } of this.once(rows)) {
      assert.ok(!ids.has(id), `id ${id} stands twice in the table`);
      ids.add(id);
    }
    const last = new Map(records.map((r) => [r.uid, r.id]));
    const missing: string[] = [];
    const streamed = new Set<string>();
    for (const r of records) {
      streamed.add(r.id);
      const told = `${r.id} is not in the table`;
      if (ids.has(r.id) || this.#told.has(told)) continue;
      this.#told.add(told);
      const resource = nameOf(r);
      const listed = isRelisted(resource, allowance) || this.#crashed.has(resource);
      const cameAndWent = this.#lives.get(r.uid)?.deleted === true && !inTable.has(r.uid);
      if (!listed || (last.get(r.uid) === r.id && !cameAndWent))
        missing.push(`${r.operation} by ${r.detectedBy} of ${resource} ${r.id}`);
    }
    assert.deepEqual(missing.slice(0, 5), [], `${missing.length} records of the stream are not in the table`);
    assert.deepEqual([...ids].filter((id) => !streamed.has(id)).slice(0, 5), [], 'in the table and not in the stream');
  }

  /** Resources whose stream has said since the last verdict that it was listed again after a crash, or that its state was lost. */
  #newGaps(records: readonly SeenRecord[]): Set<string> {
    const gaps = records.filter((r) => r.operation === 'GAP' && !this.#told.has(r.id));
    for (const { id } of gaps) this.#told.add(id);
    return new Set(gaps.map(nameOf));
  }

  /** Without the snapshots of what stands there already: each lost state may have brought one of an object. */
  once<R extends { readonly id: string; readonly operation: string }>(records: readonly R[]): R[] {
    if (this.#losses === 0) return [...records];
    const all = Map.groupBy(records, (r) => r.id);
    const left = new Map([...all].map(([id, same]) => [id, Math.min(this.#losses, same.length - 1)]));
    // The last ones are the repeated ones in a stream; a table has no order.
    return records
      .toReversed()
      .filter(({ id, operation }) => {
        const repeats = left.get(id) as number;
        if (repeats === 0 || operation !== 'SNAPSHOT') return true;
        left.set(id, repeats - 1);
        return false;
      })
      .reverse();
  }
}

const nameOf = (r: SeenRecord): string => (r.group === '' ? r.resource : `${r.resource}.${r.group}`);
const isRelisted = (resource: string, { relisted }: Allowance): boolean =>
  relisted?.some((r) => r === '*' || r === resource) === true;

function byUid(records: readonly SeenRecord[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  const ids = new Map<string, SeenRecord>();
  for (const r of records) {
    assert.equal(r.messageId, r.id);
    const first = ids.get(r.id);
    if (first !== undefined) assert.fail(`id ${r.id} stands twice: ${told(first)}, and ${told(r)}`);
    ids.set(r.id, r);
    if (r.operation === 'GAP') continue;
    const own = seen.get(r.uid);
    if (own === undefined) seen.set(r.uid, { records: [r] });
    else own.records.push(r);
  }
  return seen;
}

/**
 * `missed`: what a list cannot show, as it came and went before; `delete`: an end that only a known state can tell; `again`:
 * a snapshot of what only a known state can tell to be an update.
 */
interface Fault {
  readonly kind: 'wrong' | 'missed' | 'delete' | 'again';
  readonly text: string;
}

function faultsOf(life: Life, records: readonly SeenRecord[]): Fault[] {
  const faults: Fault[] = [];
  const fault = (text: string, kind: Fault['kind'] = 'wrong'): void => {
    faults.push({ kind, text });
  };
  const stored = new Map(life.revisions.map((r) => [r.revision, r]));
  const present = records.filter((r) => r.operation !== 'DELETED');
  const deletes = records.length - present.length;
  let before: SeenRecord | undefined;
  for (const r of present) {
    const revision = stored.get(r.resourceVersion);
    if (revision === undefined) fault(`version ${r.resourceVersion} was never stored`);
    else for (const text of contentFaults(r, revision, before)) fault(text);
    const order = before === undefined ? -1 : compareResourceVersions(before.resourceVersion, r.resourceVersion);
    if (order !== -1) fault(`version ${r.resourceVersion} came after ${before?.resourceVersion}`);
    if ((r.operation === 'UPDATED') === (before === undefined))
      fault(
        `${r.operation} at ${r.resourceVersion}, after ${before?.operation ?? 'nothing'}`,
        r.operation !== 'UPDATED' && r.detectedBy !== 'WATCH' ? 'again' : 'wrong',
      );
    before = r;
  }
  if (deletes > 1) fault(`${deletes} deletes`);
  if (deletes > 0 && records.at(-1)?.operation !== 'DELETED') fault('something after its delete');
  if (deletes > 0 && !life.deleted) fault('a delete, and it lives');
  if (life.deleted && deletes === 0) fault('its delete is missing', records.length === 0 ? 'missed' : 'delete');

  const have = new Set(present.map((r) => r.resourceVersion));
  const expected = changes(life);
  const last = expected.at(-1);
  const first = present[0];
  for (const [i, revision] of expected.entries()) {
    if (have.has(revision)) continue;
    // A list shows an object as it is; what it was before is history, and its version may be one that changed nothing.
    if (first !== undefined && first.operation !== 'CREATED') {
      const until = expected[i + 1];
      const listed = first.resourceVersion;
      if ((compareResourceVersions(revision, listed) ?? 0) < 0 && (until === undefined || isUpTo(until, listed)))
        continue;
      if (until === undefined && isUpTo(revision, listed)) continue;
    }
    fault(`version ${revision} is missing`, revision === last && !life.deleted ? 'wrong' : 'missed');
  }
  return faults;
}

const isUpTo = (version: string, bound: string): boolean => (compareResourceVersions(version, bound) ?? 1) <= 0;

function contentFaults(record: SeenRecord, revision: Revision, before: SeenRecord | undefined): string[] {
  const expected = shown(revision);
  // What is in a Secret is redacted; test/topology/secrets.real.test.ts looks at that.
  if (expected === undefined || record.resource === 'secrets') return [];
  const faults: string[] = [];
  if (sorted(record.object) !== sorted(expected))
    faults.push(`version ${record.resourceVersion} differs: ${sorted(record.object)} for ${sorted(expected)}`);
  if (record.patch !== undefined && record.patch !== null && before?.object !== undefined) {
    const patched = applyMergePatch(before.object, record.patch);
    if (sorted(patched) !== sorted(record.object))
      faults.push(`the patch to ${record.resourceVersion} does not lead there from ${before.resourceVersion}`);
  }
  return faults;
}

const told = (r: SeenRecord): string =>
  `${r.operation} of ${r.resource}/${r.name} by ${r.detectedBy} at ${r.observedAt}, message ${r.sequence} stored at ${r.storedAt}`;

/** As text that does not depend on the order of keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}
