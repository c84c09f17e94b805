import { Encoder } from '@msgpack/msgpack';
import { parseJson } from '../model/json-parse.ts';
import type { ChangeRecord, FieldValue, RecordContext } from '../model/record.ts';
import { formatMicros } from '../model/record.ts';
import { hasLongNumber, INTEGER, parseLong } from './digits.ts';

const MAX_DEPTH = 1000;
const MAX_UINT32 = 2 ** 32 - 1;
const MIN_INT32 = -(2 ** 31);
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * The record as a MessagePack map with the members of the JSON form; object and patch are decoded into maps. Integers are
 * exact up to 64 bits; a longer one, which no Kubernetes type has, becomes a float. A double without a fraction is written
 * as an integer, as MessagePack readers take either.
 * @returns a view that is valid until the next call
 * @throws SyntaxError where object or patch is not JSON
 */
export function msgpackEncoder(context: RecordContext): (record: ChangeRecord) => Uint8Array {
  const encoder = new Encoder({ useBigInt64: true, ignoreUndefined: true, maxDepth: MAX_DEPTH });
  return (record) =>
    encoder.encodeSharedRef({
      id: record.id,
      operation: record.operation,
      cluster: context.cluster,
      clusterUid: context.clusterUid,
      group: context.group,
      version: context.version,
      kind: context.kind,
      resource: context.resource,
      namespace: record.namespace,
      name: record.name,
      uid: record.uid,
      resourceVersion: record.resourceVersion,
      observedAt: formatMicros(record.observedAt),
      detectedBy: record.detectedBy,
      fields: record.fields === undefined ? undefined : shrink(record.fields as FieldValue),
      object: record.object === undefined ? undefined : decode(record.object),
      patch: record.patch === undefined ? undefined : decode(record.patch),
    });
}

function decode(bytes: Uint8Array): unknown {
  if (!hasLongNumber(bytes)) return widenMembers(parseJson(bytes));
  return widenMembers(parseLong(bytes, longInteger));
}

function longInteger(source: string, value: number): unknown {
  if (!INTEGER.test(source)) return value;
  const exact = BigInt(source);
  return exact > MAX_UINT64 || exact < MIN_INT64 ? value : exact;
}

/** With bigint on, the encoder writes a number that needs more than 32 bits as a float; as a bigint it stays an integer. */
function widen(value: number): number | bigint {
  return Number.isSafeInteger(value) && (value > MAX_UINT32 || value < MIN_INT32) ? BigInt(value) : value;
}

function widenMembers(value: unknown): unknown {
  if (typeof value === 'number') return widen(value);
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (typeof member === 'number') members[key] = widen(member);
    else if (typeof member === 'object') widenMembers(member);
  }
  return value;
}

/** Small integers as numbers, which take the fewest bytes, and what JSON has not (NaN, infinities) as null. */
function shrink(value: FieldValue): FieldValue {
  if (typeof value === 'bigint') return value <= MAX_UINT32 && value >= MIN_INT32 ? Number(value) : value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(shrink);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shrink(item)]));
}
