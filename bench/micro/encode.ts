import type { Encoding } from '../../src/model/encoding.ts';
import { LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord } from '../../src/model/record.ts';
import { DeliveredObject } from '../../src/transform/delivered-object.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import type { Micro } from './measure.ts';
import { PLAN, PODS, pods, readers, sizeOf } from './pods.ts';

const ENCODINGS: readonly Encoding[] = ['json', 'cloudevents', 'msgpack', 'protobuf', 'rows'];

/** Records with the object and two fields. */
export function records(count = PODS): ChangeRecord[] {
  const delivered = new DeliveredObject(PLAN);
  return readers(pods(0, count)).map((reader) => {
    const object = Buffer.from(delivered.object(reader));
    const { metadata, status, spec } = JSON.parse(object.toString()) as Record<string, Record<string, string>>;
    return {
      id: `${metadata!.uid}:${metadata!.resourceVersion}`,
      operation: 'UPDATED',
      detectedBy: 'WATCH',
      namespace: metadata!.namespace!,
      name: metadata!.name!,
      uid: metadata!.uid!,
      resourceVersion: metadata!.resourceVersion!,
      observedAt: 1_767_225_600_123_456,
      labels: Buffer.from(JSON.stringify(metadata!.labels)),
      fields: { phase: status!.phase!, node: spec!.nodeName ?? '' },
      object,
      patch: undefined,
    };
  });
}

/** Each encoding, into a lane. */
export function encoders(): Micro[] {
  const all = records();
  const { group, version, kind, resource } = PLAN.stream.resource;
  const context = { cluster: PLAN.cluster, clusterUid: PLAN.clusterUid, group, version, kind, resource };
  const objects = all.map((r) => r.object!);
  return ENCODINGS.map((encoding) => {
    const encoder = createEncoder({ ...PLAN.lanes[0]!, encoding }, context);
    return {
      name: `encode ${encoding}`,
      item: 'record',
      items: PODS,
      bytes: sizeOf(objects),
      work: () => {
        const lane = new LaneWriter();
        for (const record of all) encoder.append(record, lane);
        return lane.finish();
      },
      floor: { name: 'one copy of the object', work: () => Buffer.concat(objects) },
    };
  });
}
