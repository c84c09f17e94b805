import { DeliveredObject } from '../../src/transform/delivered-object.ts';
import { objectTrie } from '../../src/transform/object-paths.ts';
import { ObjectReader } from '../../src/transform/object-reader.ts';
import type { Micro } from './measure.ts';
import { PLAN, PODS, parseAll, pods, STREAM, sizeOf } from './pods.ts';

/** Identity read and managedFields cut out, on bytes. */
export function byteCut(): Micro {
  const objects = pods();
  const reader = new ObjectReader(objectTrie(PLAN), STREAM);
  const delivered = new DeliveredObject(PLAN);
  return {
    name: 'byte cut',
    item: 'pod',
    items: PODS,
    bytes: sizeOf(objects),
    work: () => {
      for (const object of objects) {
        reader.read(object, 0, object.length);
        delivered.object(reader);
      }
    },
    floor: { name: 'JSON.parse', work: parseAll(objects) },
  };
}
