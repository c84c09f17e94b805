import { parseForCel } from '../../src/transform/extract.ts';
import type { Micro } from './measure.ts';
import { PODS, parseAll, pods, sizeOf } from './pods.ts';

/** An object as CEL wants it: integers are bigint. */
export function decode(): Micro {
  const objects = pods();
  return {
    name: 'decode for CEL',
    item: 'pod',
    items: PODS,
    bytes: sizeOf(objects),
    work: () => {
      for (const object of objects) parseForCel(object);
    },
    floor: { name: 'JSON.parse', work: parseAll(objects) },
  };
}
