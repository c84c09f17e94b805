import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';

let running = false;

/** A CPU profile of the main thread in the format of Chrome DevTools; undefined where one is being taken already. */
export async function takeProfile(seconds: number, signal: AbortSignal): Promise<string | undefined> {
  if (running) return undefined;
  running = true;
  const session = new Session();
  try {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await sleep(seconds * 1000, undefined, { signal });
    const { profile } = await session.post('Profiler.stop');
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
    running = false;
  }
}
