import { ByteWriter } from '../../../src/model/byte-writer.ts';
import { LaneWriter } from '../../../src/model/lane.ts';
import type { ChangeRecord, FieldValue } from '../../../src/model/record.ts';
import { packRow } from '../../../src/model/row.ts';

/** 2026-01-31T12:00:00.123456Z in Unix microseconds. */
export const NOON = Date.UTC(2026, 0, 31, 12) * 1000 + 123_456;
export const DAY = 86_400_000_000;

export interface TestRow extends Partial<Omit<ChangeRecord, 'labels' | 'object' | 'patch'>> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly object?: string;
  readonly patch?: string;
  readonly fields?: Readonly<Record<string, FieldValue>>;
}

const out = new ByteWriter();
const bytes = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text));

export function testRow(row: TestRow): Uint8Array {
  const { name = 'a', uid = `uid-${name}`, resourceVersion = '1' } = row;
  const record: ChangeRecord = {
    operation: 'CREATED',
    detectedBy: 'WATCH',
    namespace: 'default',
    observedAt: NOON,
    id: `${uid}:${resourceVersion}`,
    fields: undefined,
    ...row,
    name,
    uid,
    resourceVersion,
    labels: bytes(row.labels && JSON.stringify(row.labels)),
    object: bytes(row.object),
    patch: bytes(row.patch),
  };
  const start = out.length;
  packRow(record, out);
  return Uint8Array.prototype.slice.call(out.view(), start);
}

export function testLane(rows: readonly TestRow[]): ArrayBuffer {
  const lane = new LaneWriter();
  for (const row of rows) {
    const { name = 'a', uid = `uid-${name}`, resourceVersion = '1', operation = 'CREATED' } = row;
    lane.append('', `pods/default/${name}`, row.id ?? `${uid}:${resourceVersion}`, operation, testRow(row));
  }
  return lane.finish();
}
