import type { ChangeRecord, DetectedBy, Operation, RecordContext } from '../model/record.ts';
import { watershard } from './gen/record.js';

const schema = watershard.record.v1;

const OPERATION: Readonly<Record<Operation, watershard.record.v1.Operation>> = {
  SNAPSHOT: schema.Operation.OPERATION_SNAPSHOT,
  CREATED: schema.Operation.OPERATION_CREATED,
  UPDATED: schema.Operation.OPERATION_UPDATED,
  DELETED: schema.Operation.OPERATION_DELETED,
  GAP: schema.Operation.OPERATION_GAP,
};

const DETECTED_BY: Readonly<Record<DetectedBy, watershard.record.v1.DetectedBy>> = {
  WATCH: schema.DetectedBy.DETECTED_BY_WATCH,
  LIST: schema.DetectedBy.DETECTED_BY_LIST,
  RELIST: schema.DetectedBy.DETECTED_BY_RELIST,
};

const MICROS = 1_000_000;

/** The record as proto/watershard/record/v1/record.proto has it: object, patch and fields stay JSON bytes. */
export function protobufEncoder(
  context: RecordContext,
): (record: ChangeRecord, fieldsJson: Uint8Array | undefined) => Uint8Array {
  return (record, fieldsJson) => {
    const seconds = Math.floor(record.observedAt / MICROS);
    return schema.ChangeRecord.encode({
      id: record.id,
      operation: OPERATION[record.operation],
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
      observedAt: { seconds, nanos: (record.observedAt - seconds * MICROS) * 1000 },
      detectedBy: DETECTED_BY[record.detectedBy],
      fields: fieldsJson ?? null,
      object: record.object ?? null,
      patch: record.patch ?? null,
    }).finish();
  };
}
