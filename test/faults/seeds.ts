/**
 * Seeds of chaos.ts that `npm test` runs. 3 has shown a half-open connection to NATS that was never given up; 7006 crashes, and
 * lists again a position that has expired: its judge once missed what nobody can know any more.
 */
export const SEEDS: readonly number[] = [1, 2, 3, 7006];
