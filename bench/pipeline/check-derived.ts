import { isDeepStrictEqual } from 'node:util';
import type { ApiObject } from './replica.ts';

/** What the rules of a scenario make of an object, said a second time and not in CEL. */
export interface Derived {
  readonly fields?: (object: ApiObject) => Readonly<Record<string, string | number>>;
  /** Updates have a merge patch. */
  readonly patched?: boolean;
}

/** As it stands in a message. */
export interface DerivedRecord {
  readonly operation?: unknown;
  readonly fields?: unknown;
  readonly patch?: unknown;
}

/** @param record the last of this object */
export function agrees(record: DerivedRecord, object: ApiObject, { fields, patched }: Derived): boolean {
  if (!isDeepStrictEqual(record.fields, fields?.(object))) return false;
  if (patched !== true || record.operation !== 'UPDATED') return record.patch === undefined;
  return isObject(record.patch) && Object.keys(record.patch).length > 0 && holds(record.patch, object);
}

/** @param row of a Parquet file, where each field has a column; integers may be texts */
export function rowAgrees(row: Readonly<Record<string, unknown>>, object: ApiObject, { fields }: Derived): boolean {
  return Object.entries(fields?.(object) ?? {}).every(([name, value]) => String(row[name]) === String(value));
}

/** A merge patch (RFC 7396) leads to this object where nothing of the object differs from what it sets. */
function holds(patch: Readonly<Record<string, unknown>>, object: unknown): boolean {
  if (!isObject(object)) return false;
  return Object.entries(patch).every(([name, value]) => {
    if (value === null) return !Object.hasOwn(object, name);
    return isObject(value) ? holds(value, object[name]) : isDeepStrictEqual(value, object[name]);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
