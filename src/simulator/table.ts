import type { Moment } from './template-fields.ts';

export const ADDED = 0;
export const MODIFIED = 1;
export const DELETED = 2;

/** The objects of a resource at one moment, as numbers: slot by slot, serial 0 where there is none. */
export interface Snapshot {
  readonly resourceVersion: number;
  /** Sequence number of the first event behind it. */
  readonly next: number;
  readonly slots: number;
  readonly count: number;
  readonly serial: Uint32Array;
  readonly changes: Uint32Array;
  readonly beats: Uint32Array;
  readonly rv: Float64Array;
}

/**
 * The objects of one resource and a ring of its last events. An object is a slot with a few counters, from which its
 * bytes can be made at any time, so that 100,000 pods and a long window cost a few MB.
 */
export class ResourceTable {
  readonly salt: number;
  /** Events that are kept; a power of two. */
  readonly window: number;
  #capacity: number;
  #slots = 0;
  #serial: Uint32Array<ArrayBuffer>;
  #changes: Uint32Array<ArrayBuffer>;
  #beats: Uint32Array<ArrayBuffer>;
  #rv: Float64Array<ArrayBuffer>;
  /** resourceVersion of the last change that was more than a heartbeat or a touch. */
  #changedRv: Float64Array<ArrayBuffer>;
  /** Living slots without holes, and where each stands in it. */
  readonly #living: number[] = [];
  readonly #position: number[] = [];
  readonly #free: number[] = [];
  #serials = 0;

  readonly #type: Uint8Array;
  readonly #eventSlot: Uint32Array;
  readonly #eventSerial: Uint32Array;
  readonly #eventChanges: Uint32Array;
  readonly #eventBeats: Uint32Array;
  readonly #eventRv: Float64Array;
  /** Sequence numbers: events from `first` to `next` - 1 are in the ring. */
  first = 0;
  next = 0;
  /** Watches that start below it are refused: what they missed has left the ring. */
  compacted = 0;
  lastRv = 0;

  constructor(salt: number, capacity: number, window: number) {
    this.salt = salt;
    this.#capacity = Math.max(16, Math.ceil(capacity));
    this.#serial = new Uint32Array(this.#capacity);
    this.#changes = new Uint32Array(this.#capacity);
    this.#beats = new Uint32Array(this.#capacity);
    this.#rv = new Float64Array(this.#capacity);
    this.#changedRv = new Float64Array(this.#capacity);
    this.window = 2 ** Math.ceil(Math.log2(Math.max(2, window)));
    this.#type = new Uint8Array(this.window);
    this.#eventSlot = new Uint32Array(this.window);
    this.#eventSerial = new Uint32Array(this.window);
    this.#eventChanges = new Uint32Array(this.window);
    this.#eventBeats = new Uint32Array(this.window);
    this.#eventRv = new Float64Array(this.window);
  }

  get count(): number {
    return this.#living.length;
  }

  /** @returns a living slot, or -1 where there is none */
  livingAt(index: number): number {
    return this.#living[index] ?? -1;
  }

  serialOf(slot: number): number {
    return this.#serial[slot] ?? 0;
  }

  create(rv: number): void {
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#capacity) this.#grow();
    this.#serial[slot] = ++this.#serials;
    this.#changes[slot] = 0;
    this.#beats[slot] = 0;
    this.#position[slot] = this.#living.push(slot) - 1;
    this.#event(ADDED, slot, rv, true);
  }

  /** A seeded object is past its first change. Makes no event. */
  seed(rv: number): void {
    this.create(rv);
    this.#changes[this.#slots - 1] = 1;
    this.first = this.next;
    this.compacted = rv;
  }

  update(slot: number, rv: number): void {
    this.#changes[slot]!++;
    this.#event(MODIFIED, slot, rv, true);
  }

  heartbeat(slot: number, rv: number): void {
    this.#beats[slot]!++;
    this.#event(MODIFIED, slot, rv, false);
  }

  touch(slot: number, rv: number): void {
    this.#event(MODIFIED, slot, rv, false);
  }

  delete(slot: number, rv: number): void {
    this.#event(DELETED, slot, rv, true);
    this.#serial[slot] = 0;
    this.#free.push(slot);
    const hole = this.#position[slot]!;
    const last = this.#living.pop()!;
    if (last === slot) return;
    this.#living[hole] = last;
    this.#position[last] = hole;
  }

  snapshot(resourceVersion: number): Snapshot {
    return {
      resourceVersion,
      next: this.next,
      slots: this.#slots,
      count: this.count,
      serial: this.#serial.slice(0, this.#slots),
      changes: this.#changes.slice(0, this.#slots),
      beats: this.#beats.slice(0, this.#slots),
      rv: this.#rv.slice(0, this.#slots),
    };
  }

  /** Sequence number of the first event behind a resourceVersion that is not below `compacted`. */
  after(rv: number): number {
    let low = this.first;
    let high = this.next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#eventRv[middle % this.window]! > rv) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Fills the moment with the event's object. @returns ADDED, MODIFIED or DELETED */
  readEvent(sequence: number, moment: Moment): number {
    const i = sequence % this.window;
    moment.salt = this.salt;
    moment.slot = this.#eventSlot[i]!;
    moment.serial = this.#eventSerial[i]!;
    moment.changes = this.#eventChanges[i]!;
    moment.beats = this.#eventBeats[i]!;
    moment.resourceVersion = this.#eventRv[i]!;
    return this.#type[i]!;
  }

  /** Forgets all events: every older position is expired. */
  compact(rv: number): void {
    this.first = this.next;
    this.compacted = rv;
  }

  changedRv(slot: number): number {
    return this.#changedRv[slot]!;
  }

  #event(type: number, slot: number, rv: number, changed: boolean): void {
    const i = this.next % this.window;
    if (this.next - this.first === this.window) {
      this.compacted = this.#eventRv[i]!;
      this.first++;
    }
    this.#type[i] = type;
    this.#eventSlot[i] = slot;
    this.#eventSerial[i] = this.#serial[slot]!;
    this.#eventChanges[i] = this.#changes[slot]!;
    this.#eventBeats[i] = this.#beats[slot]!;
    this.#eventRv[i] = rv;
    this.#rv[slot] = rv;
    if (changed) this.#changedRv[slot] = rv;
    this.lastRv = rv;
    this.next++;
  }

  #grow(): void {
    this.#capacity *= 2;
    const grown = <T extends Uint32Array | Float64Array>(into: T, from: T): T => {
      into.set(from);
      return into;
    };
    this.#serial = grown(new Uint32Array(this.#capacity), this.#serial);
    this.#changes = grown(new Uint32Array(this.#capacity), this.#changes);
    this.#beats = grown(new Uint32Array(this.#capacity), this.#beats);
    this.#rv = grown(new Float64Array(this.#capacity), this.#rv);
    this.#changedRv = grown(new Float64Array(this.#capacity), this.#changedRv);
  }
}

/** Fills the moment with an object of a snapshot. @returns false where the slot is empty */
export function readSnapshot(s: Snapshot, slot: number, salt: number, moment: Moment): boolean {
  const serial = s.serial[slot]!;
  moment.salt = salt;
  moment.slot = slot;
  moment.serial = serial;
  moment.changes = s.changes[slot]!;
  moment.beats = s.beats[slot]!;
  moment.resourceVersion = s.rv[slot]!;
  return serial !== 0;
}
