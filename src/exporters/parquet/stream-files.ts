import type { Position } from '../../model/position.ts';
import type { Stream } from '../../model/resource.ts';
import type { Batch } from '../exporter.ts';
import type { FieldDeclarations } from './protocol.ts';
import type { Table } from './request.ts';

/** What waits for its way into the encoder thread. A cut stands behind the batches that it closes. */
export type Waiting =
  | { readonly type: 'batch'; readonly batch: Batch; readonly bytes: number }
  | {
      readonly type: 'cut';
      readonly sequence: number;
      /** Where its files begin. While they are stored a later one may be committed, where this exporter is not waited for. */
      readonly position: Position | undefined;
    };

/** One incarnation of a stream, and its files. */
export class StreamFiles {
  readonly stream: Stream;
  readonly incarnation: number;
  readonly fields: FieldDeclarations | undefined;
  /** The one that this incarnation begins at. */
  readonly begin: Position | undefined;
  /** The last committed one: the next files begin at it. */
  position: Position | undefined;
  /** Sequence of the last batch that was written, encoded, and given back its credit. */
  written = 0;
  encoded = 0;
  absorbed = 0;
  readonly waiting: Waiting[] = [];
  /** Cuts in `waiting`. */
  waitingCuts = 0;
  /** Batches that the thread has, or will have, and that no cut has brought back. */
  inThread = 0;
  /** Batches given to the thread since the last cut. */
  batches = 0;
  /** In the thread: rows, and bytes held. */
  rows = 0;
  held = 0;
  /** Written since the last cut. */
  records = 0;
  bytes = 0;
  /** Written and not acknowledged. */
  pendingRecords = 0;
  pendingBytes = 0;
  /** Sequence of the last cut. */
  cutAt = 0;
  /** `cutWanted` was said and no cut has come. */
  asked = false;
  /** From a cut until its position is committed. */
  cutting = false;
  timer: NodeJS.Timeout | undefined;
  /** Dead letters of rows since the last cut, which is acknowledged when they are stored. */
  readonly letters: Promise<void>[] = [];
  /** No leftovers of an older attempt are there any more. */
  swept = false;
  /** Sequence of the notes that were left for files of dates before the position's; see leftovers.ts. */
  readonly notes = new Map<Table, number>();
  /** Settles when no file is being stored. Never rejects. */
  storing: Promise<void>;
  readonly #void = new AbortController();

  constructor(
    stream: Stream,
    incarnation: number,
    position: Position | undefined,
    fields: FieldDeclarations | undefined,
    before: Promise<void>,
  ) {
    this.stream = stream;
    this.incarnation = incarnation;
    this.begin = position;
    this.position = position;
    this.fields = fields;
    this.storing = before;
  }

  /** Aborted when this incarnation is void. */
  get signal(): AbortSignal {
    return this.#void.signal;
  }

  /** What was written since the last cut; counts from 0 again. */
  takeCounts(): { readonly records: number; readonly bytes: number; readonly batches: number } {
    const { records, bytes, batches } = this;
    this.records = this.bytes = this.batches = 0;
    return { records, bytes, batches };
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.length = 0;
    this.#void.abort();
  }
}

/** The streams with the largest files, so many of them that they hold `bytes` together. */
export function largest(streams: Iterable<StreamFiles>, bytes: number): StreamFiles[] {
  const open = [...streams].filter((files) => files.held > 0).sort((a, b) => b.held - a.held);
  let sum = 0;
  return open.filter((files) => {
    const more = sum < bytes;
    sum += files.held;
    return more;
  });
}
