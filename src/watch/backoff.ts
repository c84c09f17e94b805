const FIRST_MS = 800;
const MAX_MS = 30_000;
/** No server may ask for more patience than this. */
const MAX_ASKED_MS = 300_000;

/** Failures in a row up to which a stream still counts as synced, and is not worth a warning; and for how long. */
export const TOLERATED = 2;
export const TOLERATED_MS = 5000;
/** A watch that held for this long begins the delays anew. */
export const HEALTHY_MS = 30_000;
/** Watches of one stream begin at least this far apart where the server ends them early. */
export const MIN_WATCH_MS = 1000;
/** A resource that may not be read is tried again about this often. */
export const FORBIDDEN_MS = 60_000;
/** A resource that discovery tells of and the server does not serve (yet, or any more). */
export const UNSERVED_MAX_MS = 60_000;

/**
 * Delay before the next try: doubles with each failure from 0.8 s to a bound, half of it random.
 * @param failures in a row before this one
 * @param asked what the server asked for (Retry-After); the delay is not shorter, and up to a quarter longer
 */
export function backoffMs(failures: number, random: number, asked = 0, bound = MAX_MS): number {
  const full = Math.min(bound, FIRST_MS * 2 ** Math.min(failures, 16));
  const least = Math.min(asked, MAX_ASKED_MS);
  return Math.max(full * (0.5 + 0.5 * random), least * (1 + 0.25 * random));
}
