import { zstdCompressSync } from 'node:zlib';
import { ParquetEncoder } from '../../src/exporters/parquet/encoder.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import { records } from './encode.ts';
import type { Micro } from './measure.ts';
import { PLAN, PODS, sizeOf } from './pods.ts';

const BATCHES = 16;

/** Rows with the object and two fields, into a file. */
export function parquet(): Micro {
  const { group, version, kind, resource } = PLAN.stream.resource;
  const context = { cluster: PLAN.cluster, clusterUid: PLAN.clusterUid, group, version, kind, resource };
  const encode = createEncoder({ exporter: 'lake', encoding: 'rows' }, context);
  const lane = new LaneWriter();
  for (const record of records()) encode.append(record, lane);
  const packed = lane.finish();
  const reader = new LaneReader(packed);
  const payloads = Array.from({ length: reader.count }, (_, i) => Buffer.from(reader.at(i).payload));
  const text = Buffer.concat(payloads);
  const encoder = new ParquetEncoder();
  const place = { stream: 'pods', incarnation: 1 } as const;
  return {
    name: 'Parquet',
    item: 'row',
    items: PODS * BATCHES,
    bytes: sizeOf(payloads) * BATCHES,
    work: () => {
      for (let i = 0; i < BATCHES; i++)
        encoder.run({
          ...place,
          type: 'append',
          table: 'changes',
          resource: 'pods',
          context,
          fields: { phase: '', node: '' },
          inventoryObjects: false,
          lane: packed.slice(0),
        });
      const { files } = encoder.run({ ...place, type: 'cut', batches: BATCHES });
      if (files.reduce((sum, f) => sum + f.rows, 0) !== PODS * BATCHES)
        throw new Error('rows are missing in the files');
    },
    floor: {
      name: 'zstd of the packed rows',
      work: () => {
        for (let i = 0; i < BATCHES; i++) zstdCompressSync(text);
      },
    },
  };
}
