import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export type ProfileKind = 'cpu' | 'heap';

/** Ends of file names by which Chrome DevTools knows them. */
export const PROFILE_SUFFIX: Readonly<Record<ProfileKind, string>> = { cpu: 'cpuprofile', heap: 'heapprofile' };

let running = false;

/**
 * A profile of the main thread in the format of Chrome DevTools; undefined where one is being taken already. That of the heap
 * holds where what was allocated in the time, and is alive at its end, came from: sampled, so that it costs little, and without
 * values, which a snapshot of the heap would show, those of Secrets too.
 */
export async function takeProfile(
  kind: ProfileKind,
  seconds: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (running) return undefined;
  running = true;
  const session = new Session();
  try {
    session.connect();
    await session.post(kind === 'cpu' ? 'Profiler.enable' : 'HeapProfiler.enable');
    await session.post(kind === 'cpu' ? 'Profiler.start' : 'HeapProfiler.startSampling');
    await sleep(seconds * 1000, undefined, { signal });
    const { profile } = await (kind === 'cpu'
      ? session.post('Profiler.stop')
      : session.post('HeapProfiler.stopSampling'));
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
    running = false;
  }
}
