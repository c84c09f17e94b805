import { ObjectFingerprint } from '../../src/transform/object-fingerprint.ts';
import type { Micro } from './measure.ts';
import { PODS, pods, readers, sizeOf } from './pods.ts';

/** The hash of what counts of an object that was read. */
export function fingerprint(): Micro {
  const objects = pods();
  const read = readers(objects);
  const print = new ObjectFingerprint();
  const out = { low: 0, high: 0 };
  const target = Buffer.alloc(64 * 1024);
  return {
    name: 'fingerprint',
    item: 'pod',
    items: PODS,
    bytes: sizeOf(objects),
    work: () => {
      for (const reader of read) print.of(reader, out);
    },
    floor: {
      name: 'one copy',
      work: () => {
        for (const object of objects) object.copy(target);
      },
    },
  };
}
