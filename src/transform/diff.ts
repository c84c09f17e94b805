import { parseJson } from '../model/json-parse.ts';
import { asBuffer, skipSpace } from '../model/json-skip.ts';
import { diffArrays } from './diff-arrays.ts';
import { hasLongNumber, parseLong } from './digits.ts';
import { differingMembers } from './merge-bytes.ts';

/** Each level is gone through once for each of those around it; deeper ones are parsed. */
const MAX_TEXT_DEPTH = 4;
const LETTER_N = 0x6e;

/** A JSON value. An integer that a double does not hold is an ExactNumber. */
export type Json = null | boolean | number | string | ExactNumber | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** A number that keeps the text it was written in. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** What JSON.stringify writes. */
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text);
  }
}

/**
 * JSON Merge Patch (RFC 7396) that makes `after` of `before`. A merge patch cannot say "set to null", so members that
 * are null count as absent, on both sides. Integers of any length are exact.
 * @returns JSON text; undefined where there is no difference
 * @throws SyntaxError where one of the two is not JSON
 */
export function mergePatch(before: Uint8Array, after: Uint8Array): Uint8Array | undefined {
  if (Buffer.compare(before, after) === 0) return undefined;
  const patch = mergeTexts(asBuffer(before), 0, before.length, asBuffer(after), 0, after.length, 0);
  return patch === undefined ? undefined : Buffer.from(JSON.stringify(patch));
}

/** Parses no more than what is not the same text. @param depth of the two in what they are part of */
function mergeTexts(
  before: Buffer,
  b: number,
  bEnd: number,
  after: Buffer,
  a: number,
  aEnd: number,
  depth: number,
): Json | undefined {
  const patch = emptyObject();
  let changed = false;
  const alike =
    depth < MAX_TEXT_DEPTH &&
    differingMembers(before, skipSpace(before, b, bEnd), bEnd, after, skipSpace(after, a, aEnd), aEnd, {
      member: (key, beforeStart, beforeEnd, afterStart, afterEnd) => {
        const part = mergeMember(before, beforeStart, beforeEnd, after, afterStart, afterEnd, depth);
        if (part === undefined) return;
        patch[key] = part;
        changed = true;
      },
    });
  if (alike) return changed ? patch : undefined;
  const [was, is] = [before.subarray(b, bEnd), after.subarray(a, aEnd)];
  const exact = hasLongNumber(was) || hasLongNumber(is);
  return mergeValues(parse(was, exact), parse(is, exact));
}

/** What the patch has for a member that both have. */
function mergeMember(
  before: Buffer,
  b: number,
  bEnd: number,
  after: Buffer,
  a: number,
  aEnd: number,
  depth: number,
): Json | undefined {
  const [wasNull, isNull] = [before[b] === LETTER_N, after[a] === LETTER_N];
  if (isNull) return wasNull ? undefined : null;
  if (!wasNull) return mergeTexts(before, b, bEnd, after, a, aEnd, depth + 1);
  const is = after.subarray(a, aEnd);
  return withoutNulls(parse(is, hasLongNumber(is)));
}

/**
 * JSON Patch (RFC 6902) of add, remove and replace, applied in order; applied to `before` it gives exactly `after`, null
 * members included. Array elements are matched where that is cheap, else by their place.
 * @returns JSON text; undefined where there is no difference
 * @throws SyntaxError where one of the two is not JSON
 */
export function jsonPatch(before: Uint8Array, after: Uint8Array): Uint8Array | undefined {
  if (Buffer.compare(before, after) === 0) return undefined;
  const operations: PatchOperation[] = [];
  const exact = hasLongNumber(before) || hasLongNumber(after);
  diffValues(parse(before, exact), parse(after, exact), '', operations);
  return operations.length === 0 ? undefined : Buffer.from(JSON.stringify(operations));
}

/** @param exact the same for both sides: `1e20` is another value as an ExactNumber than as a double */
function parse(bytes: Uint8Array, exact: boolean): Json {
  if (!exact) return parseJson(bytes) as Json;
  return parseLong(bytes, (source) => new ExactNumber(source)) as Json;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** An own member; undefined where there is none (a member may be named `__proto__` or `constructor`). */
function member(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The object has no prototype, so that any key can be set. */
function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject;
}

function mergeValues(before: Json, after: Json): Json | undefined {
  if (!isObject(after)) return equalValues(before, after, true) ? undefined : after;
  if (!isObject(before)) return withoutNulls(after);
  const patch = emptyObject();
  let changed = false;
  for (const key of Object.keys(after)) {
    const value = after[key] as Json;
    if (value === null) continue;
    const old = member(before, key);
    const part = old === undefined || old === null ? withoutNulls(value) : mergeValues(old, value);
    if (part === undefined) continue;
    patch[key] = part;
    changed = true;
  }
  for (const key of Object.keys(before)) {
    if (before[key] === null) continue;
    const value = member(after, key);
    if (value !== undefined && value !== null) continue;
    patch[key] = null;
    changed = true;
  }
  return changed ? patch : undefined;
}

/** Arrays stay as they are: a merge patch sets them whole, nulls in them included. */
function withoutNulls(value: Json): Json {
  if (!isObject(value)) return value;
  const rest = emptyObject();
  for (const key of Object.keys(value)) {
    if (value[key] !== null) rest[key] = withoutNulls(value[key] as Json);
  }
  return rest;
}

/** @param nullIsAbsent members that are null count as absent */
function equalValues(a: Json, b: Json, nullIsAbsent: boolean): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalValues(item, b[i] as Json, nullIsAbsent));
  }
  if (a instanceof ExactNumber) return b instanceof ExactNumber && a.text === b.text;
  if (!isObject(a) || !isObject(b)) return false;
  let common = 0;
  for (const key of Object.keys(a)) {
    const value = a[key] as Json;
    const other = member(b, key);
    if (other === undefined) {
      if (value !== null || !nullIsAbsent) return false;
      continue;
    }
    common++;
    if (!equalValues(value, other, nullIsAbsent)) return false;
  }
  const keys = Object.keys(b);
  if (keys.length === common) return true;
  return nullIsAbsent && keys.every((key) => b[key] === null || Object.hasOwn(a, key));
}

/** Appends the operations that make `after` of `before` at the path. */
function diffValues(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (Array.isArray(before) && Array.isArray(after)) diffArrays(before, after, path, operations, diffValues);
  else if (isObject(before) && isObject(after)) diffObjects(before, after, path, operations);
  else if (!equalValues(before, after, false)) operations.push({ op: 'replace', path, value: after });
}

function diffObjects(before: JsonObject, after: JsonObject, path: string, operations: PatchOperation[]): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: 'remove', path: `${path}/${pointerToken(key)}` });
  }
  for (const key of Object.keys(after)) {
    const place = `${path}/${pointerToken(key)}`;
    const old = member(before, key);
    if (old === undefined) operations.push({ op: 'add', path: place, value: after[key] as Json });
    else diffValues(old, after[key] as Json, place, operations);
  }
}

/** A reference token of a JSON Pointer (RFC 6901). */
function pointerToken(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}
