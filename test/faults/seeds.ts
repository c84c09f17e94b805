/**
 * Seeds of chaos.ts that `npm test` runs; each has shown a fault: 3, a half-open connection to NATS that was never given up;
 * 7000, deletes that nobody could know of after a crash, without a word; 7006, a patch that led on from another state.
 */
export const SEEDS: readonly number[] = [3, 7000, 7006];
