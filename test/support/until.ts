/** Waits until the check gives something other than undefined or false; fails with what it last said. */
export async function until<T>(
  what: string | (() => string),
  check: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 60,
): Promise<T> {
  let last: unknown;
  let delay = 10;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((r) => setTimeout(r, delay))) {
    delay = Math.min(100, delay * 1.5);
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
    } catch (e) {
      last = e;
    }
  }
  throw new Error(`not within ${seconds} s: ${typeof what === 'string' ? what : what()}`, { cause: last });
}
