import { KnownTable } from '../../src/transform/known-table.ts';
import type { StreamPlan } from '../../src/transform/plan.ts';
import { StreamTransform } from '../../src/transform/stream-transform.ts';
import type { Micro } from './measure.ts';
import { events, FIELDS, PLAN, PODS, pods, sizeOf } from './pods.ts';

const VERSIONS = 8;

/** All that a worker thread does with watch events, from frames to the lane. */
export function transforms(): Micro[] {
  return [
    whole('transform, no rules', {}),
    whole('transform, two fields and a patch', { extract: FIELDS, diff: 'merge-patch' }),
  ];
}

function whole(name: string, changes: Partial<StreamPlan>): Micro {
  const transform = new StreamTransform({ ...PLAN, ...changes }, new KnownTable());
  const versions = Array.from({ length: VERSIONS }, (_, i) => events(pods(PODS * 4 * i)));
  let applied = 0;
  let parsed = 0;
  // A version that is older than what is known is left out, so each batch gets resourceVersions of its own.
  const batch = (generation: number): Uint8Array<ArrayBuffer> => {
    const lines = versions[generation % VERSIONS]!;
    const version = String(2_000_000_000 + generation);
    const bytes = new Uint8Array(sizeOf(lines));
    let at = 0;
    for (const line of lines) {
      bytes.set(line, at);
      const place = line.indexOf('"resourceVersion":"') + '"resourceVersion":"'.length;
      for (let i = 0; i < 10; i++) bytes[at + place + i] = version.charCodeAt(i);
      at += line.length;
    }
    return bytes;
  };
  const apply = (bytes: Uint8Array<ArrayBuffer>): number =>
    transform.apply({
      type: 'frames',
      bytes,
      count: PODS,
      resourceVersion: '1',
      listing: false,
      observedAt: 1_767_225_600_123_456,
    }).records;
  return {
    name,
    item: 'watch event',
    items: PODS,
    bytes: sizeOf(versions[0]!),
    work: () => {
      if (apply(batch(applied++)) < PODS / 2) throw new Error('too few records were made');
    },
    floor: {
      name: 'JSON.parse',
      work: () => {
        const bytes = Buffer.from(batch(parsed++).buffer);
        for (let start = 0; start < bytes.length; ) {
          const end = bytes.indexOf(10, start);
          JSON.parse(bytes.toString('utf8', start, end));
          start = end + 1;
        }
      },
    },
  };
}
