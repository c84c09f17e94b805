import { Splitter } from '../../src/watch/splitter.ts';
import type { Micro } from './measure.ts';
import { events, PODS, pods, sizeOf } from './pods.ts';

/** As the kernel hands it over. */
const CHUNK = 64 * 1024;

/** A watch response cut into frames. */
export function framing(): Micro {
  const response = Buffer.concat(events(pods()));
  const splitter = new Splitter();
  return {
    name: 'framing',
    item: 'watch event',
    items: PODS,
    bytes: sizeOf([response]),
    work: () => {
      let frames = 0;
      for (let at = 0; at < response.length; at += CHUNK) {
        splitter.push(response.subarray(at, at + CHUNK));
        for (let split = splitter.next(); split !== undefined; split = splitter.next())
          if (split.type === 'frames') frames += split.count;
      }
      if (frames !== PODS) throw new Error(`${frames} frames`);
    },
    floor: {
      name: 'one copy and a search for newlines',
      work: () => {
        const copy = Buffer.from(response);
        for (let at = copy.indexOf(10); at >= 0; at = copy.indexOf(10, at + 1));
      },
    },
  };
}
