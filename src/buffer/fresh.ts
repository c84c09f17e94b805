import { type Frame, frameLength } from './frame.ts';

/** A batch that is not written yet: the disk is a moment behind, or cannot be written to. */
export interface Fresh<Tag> extends Frame {
  readonly tag: Tag;
  /** Length of its frame. */
  readonly bytes: number;
  /** Handed out. */
  read: boolean;
  /** Acknowledged or dropped: need not be written. */
  gone: boolean;
  /** Nothing needs to wait for it any more. */
  settled: boolean;
}

/**
 * The batches between the memory and the disk, in order and without holes in their numbers. Those that nothing has to wait
 * for any more are told in that order too: nothing is told of one before all that came before it.
 */
export class FreshBatches<Tag> {
  readonly #taken: (tag: Tag) => void;
  #batches: Fresh<Tag>[] = [];
  /** So many of the first are being written. */
  #writing = 0;
  /** So many of the first were told. */
  #told = 0;
  /** Bytes of those that are not gone. */
  bytes = 0;

  constructor(taken: (tag: Tag) => void) {
    this.#taken = taken;
  }

  /** Number of the first; undefined where there is none. */
  get first(): number | undefined {
    return this.#batches[0]?.number;
  }

  get waiting(): boolean {
    return this.#batches.some((b) => !b.gone);
  }

  /** Records of those that are not gone. */
  get waitingRecords(): number {
    return this.#batches.reduce((sum, b) => sum + (b.gone ? 0 : b.records), 0);
  }

  push(frame: Frame, tag: Tag, { gone, settled }: { gone: boolean; settled: boolean }): void {
    const batch = { ...frame, tag, bytes: frameLength(frame), read: false, gone, settled };
    if (!gone) this.bytes += batch.bytes;
    this.#batches.push(batch);
    this.#tell();
    this.#trim();
  }

  at(number: number): Fresh<Tag> | undefined {
    return this.#batches[number - (this.first ?? 0)];
  }

  /** Its bytes are not needed any more. */
  forget(number: number): void {
    const batch = this.at(number);
    if (batch === undefined || batch.gone) return;
    batch.gone = true;
    batch.settled = true;
    this.bytes -= batch.bytes;
    this.#tell();
    this.#trim();
  }

  /** The oldest, or the newest, that may still be dropped: nobody has it, and it is not being written. */
  droppable(which: 'oldest' | 'newest'): Fresh<Tag> | undefined {
    const may = (b: Fresh<Tag>, i: number): boolean => i >= this.#writing && !b.read && !b.gone;
    return which === 'oldest' ? this.#batches.find(may) : this.#batches.findLast(may);
  }

  /** Nothing waits for any of these. */
  settleAll(): void {
    for (const batch of this.#batches) batch.settled = true;
    this.#tell();
  }

  /** The first ones, to be written together: about `limit` bytes, at least one. */
  group(limit: number): Fresh<Tag>[] {
    const group: Fresh<Tag>[] = [];
    let bytes = 0;
    this.#writing = 0;
    for (const batch of this.#batches) {
      if (!batch.gone) {
        if (bytes > 0 && bytes + batch.bytes > limit) break;
        group.push(batch);
        bytes += batch.bytes;
      }
      this.#writing++;
    }
    return group;
  }

  /** The group is written, or not. */
  written(stored: boolean): void {
    const count = this.#writing;
    this.#writing = 0;
    if (stored) {
      for (const batch of this.#batches.slice(0, count)) {
        batch.settled = true;
        if (!batch.gone) this.bytes -= batch.bytes;
        batch.gone = true;
      }
      this.#tell();
    }
    this.#trim();
  }

  #tell(): void {
    for (; this.#batches[this.#told]?.settled === true; ) this.#taken(this.#batches[this.#told++]!.tag);
  }

  #trim(): void {
    if (this.#writing > 0) return;
    let count = 0;
    while (count < this.#told && this.#batches[count]!.gone) count++;
    if (count === 0) return;
    this.#batches = this.#batches.slice(count);
    this.#told -= count;
  }
}

export function totalOf(batches: readonly { readonly records: number; readonly bytes: number }[]): {
  records: number;
  bytes: number;
} {
  const total = { records: 0, bytes: 0 };
  for (const batch of batches) {
    total.records += batch.records;
    total.bytes += batch.bytes;
  }
  return total;
}
