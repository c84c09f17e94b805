import { parseJson } from '../../model/json-parse.ts';
import type { FieldValue } from '../../model/record.ts';
import { type Row, rowFields } from '../../model/row.ts';

/** A packed row, read once and whole, so that what cannot be read is known before any column has got its value. */
export interface TableRow {
  readonly id: string;
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Unix microseconds, whole. */
  readonly observedAt: number;
  readonly detectedBy: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly object: Uint8Array | null;
  readonly patch: Uint8Array | null;
}

/** Year 10000: a date has four digits. */
const TOO_LATE = 253_402_300_800_000_000;

/** @throws SyntaxError, RangeError where the row is not what its form says */
export function tableRow(row: Row): TableRow {
  const observedAt = Math.round(row.observedAt);
  if (!(observedAt >= 0 && observedAt < TOO_LATE)) throw new RangeError(`observed at ${row.observedAt} microseconds`);
  return {
    id: row.id,
    operation: row.operation,
    namespace: row.namespace,
    name: row.name,
    uid: row.uid,
    resourceVersion: row.resourceVersion,
    observedAt,
    detectedBy: row.detectedBy,
    labels: readLabels(row.labels),
    fields: rowFields(row),
    object: row.object ?? null,
    patch: row.patch ?? null,
  };
}

function readLabels(json: Buffer | undefined): Record<string, string> | null {
  if (json === undefined) return null;
  const labels: unknown = parseJson(json);
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return null;
  const texts: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(labels))
    texts[key] = typeof value === 'string' ? value : JSON.stringify(value);
  return texts;
}
