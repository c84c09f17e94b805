import type { Batch } from '../../src/exporters/exporter.ts';
import { LaneWriter } from '../../src/model/lane.ts';
import type { Operation } from '../../src/model/record.ts';
import type { Stream } from '../../src/model/resource.ts';

export const PODS: Stream = {
  id: 'pods',
  resource: { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true },
  metadataOnly: false,
};

/** A record as a test thinks of it; what is left out is made from `name` and `version`. */
export interface TestRecord {
  readonly name: string;
  readonly version: number;
  readonly operation?: Operation;
  readonly subject?: string;
  readonly payload?: Uint8Array;
}

export function recordKey(name: string): string {
  return `pods/default/${name}`;
}

export function recordId(name: string, version: number): string {
  return `uid-${name}:${version}`;
}

/** JSON as an exporter of encoding `json` would get it, with the identity that `readBack` needs. */
export function jsonPayload({ name, version, operation = 'UPDATED' }: TestRecord, padding = 0): Buffer {
  const key = recordKey(name);
  return Buffer.from(JSON.stringify({ id: recordId(name, version), key, operation, padding: 'x'.repeat(padding) }));
}

export interface BatchOptions {
  readonly stream?: Stream;
  readonly incarnation?: number;
  readonly sequence: number;
  readonly table?: Batch['table'];
  readonly records: readonly TestRecord[];
  /** Encodes what a record has no payload for; jsonPayload by default. */
  readonly encode?: (record: TestRecord, stream: Stream) => Uint8Array;
}

/** A batch with a packed lane, as the transform makes it. */
export function makeBatch({
  stream = PODS,
  incarnation = 1,
  sequence,
  table = 'changes',
  records,
  encode = jsonPayload as (record: TestRecord) => Uint8Array,
}: BatchOptions): Batch {
  const lane = new LaneWriter();
  for (const record of records) {
    const { name, version, operation = 'UPDATED', subject = `k8s.test.core.pods.default.${name}` } = record;
    lane.append(subject, recordKey(name), recordId(name, version), operation, record.payload ?? encode(record, stream));
  }
  return { stream, incarnation, sequence, table, lane: lane.finish(), records: records.length };
}
