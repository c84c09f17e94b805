import { jsonPatch, mergePatch } from '../../src/transform/diff.ts';
import type { Micro } from './measure.ts';
import { PODS, parseAll, pods, sizeOf } from './pods.ts';

/** Patches from one version of an object to a later one. */
export function diffs(): Micro[] {
  const before = pods();
  const after = pods(PODS * 4);
  return (
    [
      ['merge patch', mergePatch],
      ['JSON Patch', jsonPatch],
    ] as const
  ).map(([name, patch]) => ({
    name,
    item: 'pair of versions',
    items: PODS,
    bytes: sizeOf([...before, ...after]),
    work: () => {
      for (let i = 0; i < PODS; i++) patch(before[i]!, after[i]!);
    },
    floor: { name: 'JSON.parse of both', work: parseAll([...before, ...after]) },
  }));
}
