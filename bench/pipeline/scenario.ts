import type { Settings } from './settings.ts';
import type { Reading, Stage, Use } from './stage.ts';

/** What one run of a scenario gave. */
export interface Outcome {
  /** Numbers by name; `compare` and the report know them by it. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What is wrong with the output, in words; a run with any has no numbers. */
  readonly problems: readonly string[];
}

export interface Scenario {
  readonly about: string;
  readonly settings: Partial<Settings>;
  readonly run: (settings: Settings) => Promise<Outcome>;
}

const MIB = 2 ** 20;

/**
 * The numbers of one measured phase. `cpuSeconds` is user and system time of the Watershard process (all its threads,
 * garbage collection included) without its start-up.
 */
export function phaseMetrics(u: Use, records: number, peakRss: number): Record<string, number> {
  const { cpu, user, system, threads } = u.program;
  const each = records === 0 ? 0 : 1e6 / records;
  const metrics: Record<string, number> = {
    records,
    cpuSeconds: cpu,
    userSeconds: user,
    systemSeconds: system,
    wallSeconds: u.seconds,
    peakRssMiB: peakRss / MIB,
    sentMiB: u.sent / MIB,
  };
  if (records > 0) {
    metrics.recordsPerCpuSecond = records / cpu;
    metrics.cpuMicrosPerRecord = cpu * each;
  }
  for (const [name, seconds] of Object.entries(threads)) {
    metrics[`${name}ThreadSeconds`] = seconds;
    if (records > 0) metrics[`${name}ThreadMicrosPerRecord`] = seconds * each;
  }
  for (const [name, seconds] of Object.entries(u.others)) metrics[`${name}CpuSeconds`] = seconds;
  metrics.simulatorShare = (u.others.simulator ?? 0) / cpu;
  return metrics;
}

/** Bytes that the program has read from the API server, by its own count. */
export async function bytesRead(stage: Stage): Promise<number> {
  return (await stage.status()).totals.bytes;
}

export function startUpMetrics(comeUp: Reading): Record<string, number> {
  return { startUpCpuSeconds: comeUp.program.user + comeUp.program.system };
}
