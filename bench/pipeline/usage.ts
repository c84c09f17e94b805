import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used since its start, from /proc. Ticks of 10 ms; threads in nanoseconds. */
export interface Usage {
  /** Seconds. */
  readonly user: number;
  readonly system: number;
  /** Seconds by thread: `main`, `transform`, `parquet`, `store`, `v8` (garbage collection, compilation), `other`. */
  readonly threads: Readonly<Record<string, number>>;
  readonly threadIds: Readonly<Record<number, readonly [name: string, seconds: number]>>;
  /** Bytes. */
  readonly rss: number;
  readonly peakRss: number;
  /** Bytes written to sockets and files. */
  readonly written: number;
}

const TICKS = 100;

/** @returns undefined where the process has ended */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (fields[0] === 'Z') return undefined;
    const threadIds: Record<number, readonly [string, number]> = {};
    const threads: Record<string, number> = {};
    for (const [id, name, seconds] of threadsOf(pid)) {
      threadIds[id] = [name, seconds];
      threads[name] = (threads[name] ?? 0) + seconds;
    }
    return {
      user: Number(fields[11]) / TICKS,
      system: Number(fields[12]) / TICKS,
      threads,
      threadIds,
      rss: kibibytes(status, 'VmRSS'),
      peakRss: kibibytes(status, 'VmHWM'),
      written: Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]),
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function threadsOf(pid: number): (readonly [id: number, name: string, seconds: number])[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    try {
      const comm = readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim();
      const [nanos] = readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ');
      return [[Number(id), nameOf(comm, Number(id) === pid), Number(nanos) / 1e9] as const];
    } catch (error) {
      if (isGone(error)) return []; // a thread that ended meanwhile
      throw error;
    }
  });
}

/** The program's own threads have the names that at-start.ts gave them. */
function nameOf(comm: string, main: boolean): string {
  if (main) return 'main';
  if (comm === 'transform' || comm === 'parquet' || comm === 'store') return comm;
  return /V8Worker/.test(comm) ? 'v8' : 'other';
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as { code?: string }).code ?? '');
}

/** CPU seconds between two readings of one process. A thread that ended in between counts up to its last reading. */
export interface Spent {
  readonly cpu: number;
  readonly user: number;
  readonly system: number;
  readonly threads: Readonly<Record<string, number>>;
}

export function spent(from: Usage, to: Pick<Usage, 'user' | 'system' | 'threadIds'>): Spent {
  const threads: Record<string, number> = {};
  for (const [id, [name, seconds]] of Object.entries(to.threadIds)) {
    // A thread is `other` until its entry is loaded: what counts is its last name.
    threads[name] = (threads[name] ?? 0) + seconds - (from.threadIds[Number(id)]?.[1] ?? 0);
  }
  const user = to.user - from.user;
  const system = to.system - from.system;
  return { cpu: user + system, user, system, threads };
}
