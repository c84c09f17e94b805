const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** Delay before the attempt after `failures` failed ones: doubled each time up to 10 s, less a random half, so that instances do not beat in step. */
export function backoffDelay(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(Math.max(failures - 1, 0), 16));
  return Math.round(full * (0.5 + random() / 2));
}
