import { setTimeout as sleep } from 'node:timers/promises';

/** Sleeps, but not beyond an abort. Does not throw. */
export async function pause(millis: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(millis, undefined, { signal }).catch((e: unknown) => {
    if (!signal.aborted) throw e;
  });
}

/** Waits for the work, but no longer than this. Fails as it does. @returns whether it was done in time */
export async function atMost(millis: number, work: Promise<unknown>): Promise<boolean> {
  const done = new AbortController();
  const late = pause(millis, done.signal).then(() => false);
  return await Promise.race([work.then(() => true), late]).finally(() => done.abort());
}

/** Sleeps until an abort. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Delay before the nth retry (from 0): doubles from 200 ms to 10 s, with jitter of a third. */
export function backoff(attempt: number): number {
  return Math.min(10_000, 200 * 2 ** attempt) * (0.67 + Math.random() / 3);
}

/** Is aborted so long after now, or after `begins` was. */
export function deadlineAfter(ms: number, begins?: AbortSignal): AbortSignal {
  const deadline = new AbortController();
  const begin = (): void => {
    setTimeout(() => deadline.abort(), ms).unref();
  };
  if (begins === undefined || begins.aborted) begin();
  else begins.addEventListener('abort', begin, { once: true });
  return deadline.signal;
}
