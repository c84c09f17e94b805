import { ACK_BOUNDS } from '../model/status.ts';

const SLOT_MS = 10_000;
const SLOTS = 6;

/** Counts the acknowledgements of the last minute (by steps of 10 s) by the time that they took. */
export class AckTimes {
  readonly #slots: { index: number; readonly counts: number[] }[] = Array.from({ length: SLOTS }, () => ({
    index: -1,
    counts: new Array<number>(ACK_BOUNDS.length + 1).fill(0),
  }));

  /** @param now Unix time, milliseconds */
  observe(seconds: number, now = Date.now()): void {
    const index = Math.floor(now / SLOT_MS);
    const slot = this.#slots[index % SLOTS]!;
    if (slot.index !== index) {
      slot.index = index;
      slot.counts.fill(0);
    }
    const bucket = ACK_BOUNDS.findIndex((bound) => seconds <= bound);
    slot.counts[bucket < 0 ? ACK_BOUNDS.length : bucket]! += 1;
  }

  /** One count for each of ACK_BOUNDS, and one for longer. */
  counts(now = Date.now()): number[] {
    const current = Math.floor(now / SLOT_MS);
    const recent = this.#slots.filter(({ index }) => index > current - SLOTS);
    return Array.from({ length: ACK_BOUNDS.length + 1 }, (_, i) => recent.reduce((sum, s) => sum + s.counts[i]!, 0));
  }
}
