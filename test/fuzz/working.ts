import assert from 'node:assert/strict';
import { LaneReader } from '../../src/model/lane.ts';
import { KnownTable } from '../../src/transform/known-table.ts';
import { StreamTransform } from '../../src/transform/stream-transform.ts';
import { NOW, podPlan } from '../support/transforming.ts';

export const plan = podPlan({
  ignore: ["metadata.annotations['x']"],
  prune: ['metadata.managedFields', 'spec[*]'],
  redact: ['data'],
});

/** What a worker does with whatever a server sends: records that are JSON, failures, and never an error that ends it. */
export function assertWorks(lines: readonly Buffer[], listing: boolean): void {
  const transform = new StreamTransform(
    { ...plan, diff: 'merge-patch', extract: [{ name: 'f', expression: 'object.spec' }] },
    new KnownTable(),
  );
  const bytes = new Uint8Array(Buffer.concat(lines));
  if (listing) transform.apply({ type: 'list-begin', relist: false });
  const common = { count: lines.length, resourceVersion: '1', observedAt: NOW };
  const result = transform.apply({ type: 'frames', bytes, listing, ...common });
  if (listing) transform.apply({ type: 'list-end', resourceVersion: '2', observedAt: NOW });
  const [lane] = result.lanes;
  if (lane === undefined || lane === null) return;
  const records = new LaneReader(lane);
  for (let i = 0; i < records.count; i++) {
    const { payload, key } = records.at(i);
    const { namespace, name } = JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
    assert.equal(key, `pods/${namespace}/${name}`.toWellFormed());
  }
  for (const { message } of result.failures) assert.doesNotMatch(message, /undefined|TypeError|RangeError/);
}
