import { LaneReader } from '../../model/lane.ts';
import type { Batch } from '../exporter.ts';

const NEWLINE = 10;
const SPACE = 32;

/** A batch of which records before `at` are in lines that were stored. */
export interface OpenBatch {
  readonly stream: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly reader: LaneReader;
  at: number;
}

export function openBatch({ stream, incarnation, sequence, lane }: Batch): OpenBatch {
  return { stream: stream.id, incarnation, sequence, reader: new LaneReader(lane), at: 0 };
}

/** Whole lines, and where each of the first batches stands once they are stored. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly records: number;
  /** `at` of each of the first batches of the queue, in its order. */
  readonly ends: readonly number[];
}

/** The next lines of a queue of batches: about `limit` bytes, at least one record. Pure: the batches do not move. */
export function nextLines(queue: readonly OpenBatch[], limit: number): Lines {
  const parts: Uint8Array[] = [];
  const ends: number[] = [];
  let length = 0;
  let records = 0;
  for (const { reader, at } of queue) {
    let end = at;
    while (end < reader.count && (length < limit || records === 0)) {
      const { payload } = reader.at(end++);
      parts.push(oneLine(payload), LINE_END);
      length += payload.length + 1;
      records++;
    }
    ends.push(end);
    if (end < reader.count) break;
  }
  return { bytes: Buffer.concat(parts, length), records, ends };
}

const LINE_END = new Uint8Array([NEWLINE]);

/** In JSON a line break can only be white space between tokens. */
function oneLine(payload: Uint8Array): Uint8Array {
  return payload.includes(NEWLINE) ? payload.map((byte) => (byte === NEWLINE ? SPACE : byte)) : payload;
}
