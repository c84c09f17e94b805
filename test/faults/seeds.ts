/** Seeds of chaos.ts that `npm test` runs: a few of every kind, and each that has shown a fault in a longer run. */
export const SEEDS: readonly number[] = [1, 2, 3];
