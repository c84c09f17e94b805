/** A small seeded generator (SplitMix32): the same seed gives the same objects and the same changes. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number of 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix(this.#state);
  }

  /** At least 0, below 1. */
  fraction(): number {
    return this.next() / 0x100000000;
  }

  /** A whole number of 0 to `end` - 1. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }
}

/** Scrambles 32 bits; every input has its own output. */
export function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** A number of 0 to 2^32 - 1 that belongs to these numbers. */
export function hash(...values: readonly number[]): number {
  let h = 0x811c9dc5;
  for (const v of values) h = mix(Math.imul(h, 31) ^ v);
  return h;
}

/** A uid (version 4 form) that belongs to these numbers. */
export function uidOf(...values: readonly number[]): string {
  const hex = [0, 1, 2, 3]
    .map((i) =>
      hash(...values, i)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}
