import { changeEnd, changeKeyEnd, changeKeyStart, isGone } from '../../model/delta.ts';
import { release } from '../../model/release.ts';
import { ChangeIndex } from './change-index.ts';
import { compareChanges, compareKeys, STREAM, sortChanges } from './change-order.ts';

export interface FoldedRow {
  readonly stream: number;
  readonly key: Buffer;
  /** Undefined: the key has gone. */
  readonly value: Buffer | undefined;
}

/** A key of a stream. In order: by the stream's number, then by the bytes of the key. */
interface Place {
  readonly stream: number;
  /** A change of this key, at least up to the key's end. */
  readonly change: Buffer;
}

/**
 * Of a log of changes, as many of the lowest keys as there is room for, each with its last change only. Where there is no more
 * room the highest keys are left to the next part, for which the log is read once more.
 *
 * `#bytes` has the changes as they are in a delta, each behind the number of its stream (u32), in the order in which they came;
 * one that is as long as the last of its key takes that one's place. Beside them it takes 4 bytes a change, 8 to 16 more where
 * keys come again, and nothing of V8's heap: as a `Map` of keys and values a log of 32 MiB took 150 MB, most of which V8 kept.
 */
export class FoldPart {
  readonly #room: number;
  /** What is below it was in a part before. */
  #from: Place | undefined;
  #to: Place | undefined;
  #bytes: Buffer;
  #used = 0;
  #starts = new Uint32Array(1024);
  #count = 0;
  /** None where keys do not come again: there it would cost more than the sort does. */
  #index: ChangeIndex | undefined = new ChangeIndex();
  /** Changes that were written over the one before, since there was no room last. */
  #replaced = 0;
  #taken = 0;

  /** @param room bytes; more are taken where a single change has more */
  constructor(room: number) {
    this.#room = room;
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /**
   * Goes on with the next part, to which all of the log has to be added once more.
   * @returns false where this one has all that is left
   */
  next(): boolean {
    if (this.#to === undefined) return false;
    this.#from = this.#to;
    this.#to = undefined;
    this.#count = this.#taken = this.#used = 0;
    this.#index?.clear();
    return true;
  }

  /** The changes of a delta, as far as they belong into this part. Deltas come in the order of the log. */
  add(stream: number, delta: Buffer): void {
    for (let at = 0, end = 0; at < delta.length; at = end) {
      end = changeEnd(delta, at);
      if (this.#from !== undefined && order(stream, delta, at, this.#from) < 0) continue;
      if (this.#to !== undefined && order(stream, delta, at, this.#to) >= 0) continue;
      const size = STREAM + end - at;
      const last = this.#index?.find(this.#bytes, stream, delta, at) ?? -1;
      if (last >= 0 && changeEnd(this.#bytes, last + STREAM) - last === size) {
        delta.copy(this.#bytes, last + STREAM, at, end);
        this.#replaced++;
        continue;
      }
      if (this.#used + size > this.#bytes.length) {
        this.#makeRoom(size);
        if (this.#to !== undefined && order(stream, delta, at, this.#to) >= 0) continue;
        this.#index?.find(this.#bytes, stream, delta, at);
      }
      if (this.#count === this.#starts.length) this.#growStarts();
      this.#starts[this.#count++] = this.#used;
      this.#bytes.writeUInt32LE(stream, this.#used);
      delta.copy(this.#bytes, this.#used + STREAM, at, end);
      this.#index?.put(this.#bytes, this.#used);
      this.#used += size;
    }
  }

  /** Everything was added: from now on rows can be taken. */
  finish(): void {
    this.#sort();
  }

  /** The next row in order, as views that are valid until `next` or `leave`; undefined after the last. */
  take(): FoldedRow | undefined {
    if (this.#taken === this.#count) return undefined;
    const bytes = this.#bytes;
    const start = this.#starts[this.#taken++]!;
    const at = start + STREAM;
    const keyEnd = changeKeyEnd(bytes, at);
    return {
      stream: bytes.readUInt32LE(start),
      key: bytes.subarray(changeKeyStart(at), keyEnd),
      value: isGone(bytes, at) ? undefined : bytes.subarray(keyEnd, changeEnd(bytes, at)),
    };
  }

  /** Gives the memory back; there are no rows in it then. */
  leave(): void {
    this.#count = this.#taken = 0;
    release(this.#bytes.buffer);
    release(this.#starts.buffer);
    this.#index?.leave();
  }

  /** For one more change, or for nothing but what is below it. */
  #makeRoom(size: number): void {
    this.#sort();
    // A quarter is free after it, so that what is sorted again and again is little beside what has come.
    const most = (this.#room / 4) * 3;
    const from = this.#bytes;
    const sizeAt = (start: number): number => changeEnd(from, start + STREAM) - start;
    let kept = 0;
    let bytes = 0;
    for (; kept < this.#count; kept++) {
      const more = sizeAt(this.#starts[kept]!);
      if (kept > 0 && bytes + more > most) break;
      bytes += more;
    }
    if (kept < this.#count) {
      const start = this.#starts[kept]!;
      const change = Buffer.from(from.subarray(start + STREAM, changeKeyEnd(from, start + STREAM)));
      this.#to = { stream: from.readUInt32LE(start), change };
    }
    if (bytes + size > from.length) this.#bytes = Buffer.allocUnsafeSlow(bytes + size);
    this.#count = kept;
    this.#used = 0;
    // From the first place on, so that nothing is written over that is still to be moved.
    this.#starts.subarray(0, kept).sort();
    for (let i = 0; i < kept; i++) {
      const start = this.#starts[i]!;
      this.#starts[i] = this.#used;
      this.#used += from.copy(this.#bytes, this.#used, start, start + sizeAt(start));
    }
    if (from !== this.#bytes) release(from.buffer);
    this.#indexAgain();
  }

  #indexAgain(): void {
    const index = this.#index;
    const isOfUse = this.#replaced * 4 > this.#count;
    this.#replaced = 0;
    if (index === undefined) return;
    if (!isOfUse) {
      index.leave();
      this.#index = undefined;
      return;
    }
    index.clear();
    for (const start of this.#starts.subarray(0, this.#count)) {
      index.find(this.#bytes, this.#bytes.readUInt32LE(start), this.#bytes, start + STREAM);
      index.put(this.#bytes, start);
    }
  }

  /** In the order of the keys, and of each key only the last change. */
  #sort(): void {
    const bytes = this.#bytes;
    const starts = this.#starts.subarray(0, this.#count);
    sortChanges(starts, bytes);
    let kept = 0;
    for (let i = 0; i < starts.length; i++) {
      if (i + 1 === starts.length || compareChanges(bytes, starts[i]!, starts[i + 1]!) !== 0)
        starts[kept++] = starts[i]!;
    }
    this.#count = kept;
  }

  #growStarts(): void {
    const from = this.#starts;
    this.#starts = new Uint32Array(from.length * 2);
    this.#starts.set(from);
    release(from.buffer);
  }
}

function order(stream: number, delta: Buffer, at: number, place: Place): number {
  return stream - place.stream || compareKeys(delta, at, place.change, 0);
}
