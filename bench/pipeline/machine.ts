import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary } from '../../test/support/servers/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where and of what a result was measured. */
export interface Provenance {
  readonly commit: string;
  /** There were changes that are not in the commit. */
  readonly modified: boolean;
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  readonly memoryGiB: number;
  /** Processes that wanted a core in the minute before, this bench not included. */
  readonly loadBefore: number;
  /** Names and versions. */
  readonly servers: readonly string[];
}

/** The system's own, of whatever version that has. */
function redis(): string {
  const said = execFileSync('/usr/bin/redis-server', ['--version'], { encoding: 'utf8' });
  return `redis-${/v=([\d.]+)/.exec(said)?.[1] ?? 'unknown'}`;
}

export function provenance(): Provenance {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  return {
    commit: git('rev-parse', 'HEAD'),
    modified: git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'workers', 'package-lock.json') !== '',
    date: new Date().toISOString(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
    servers: [basename(binary('nats-server')), basename(binary('versitygw')), redis()],
  };
}
