import { compileExtractors, parseForCel } from '../../src/transform/extract.ts';
import type { Micro } from './measure.ts';
import { FIELDS, PODS, pods, sizeOf } from './pods.ts';

interface Pod {
  readonly status: { readonly phase: string };
  readonly spec: { readonly nodeName?: string };
}

/** Two CEL fields of an object that is decoded. */
export function extract(): Micro {
  const texts = pods();
  const objects = texts.map(parseForCel);
  const extractors = compileExtractors(FIELDS);
  const failed = (field: string, message: string): never => {
    throw new Error(`${field}: ${message}`);
  };
  return {
    name: 'extract two fields',
    item: 'pod',
    items: PODS,
    bytes: sizeOf(texts),
    work: () => {
      for (const object of objects) extractors.extract(object, failed);
    },
    floor: {
      name: 'the same in JavaScript',
      work: () => {
        const all: unknown[] = [];
        for (const object of objects as Pod[])
          all.push({ phase: object.status.phase, node: object.spec.nodeName ?? '' });
        return all;
      },
    },
  };
}
