import { readdirSync, readFileSync } from 'node:fs';
import type { MicroReport, Result } from '../pipeline/result.ts';
import { SCENARIOS } from '../pipeline/scenarios.ts';

const FOLDER = new URL('../results/', import.meta.url);

export interface Results {
  /** By scenario, in the order of the suite. */
  readonly pipelines: ReadonlyMap<string, Result>;
  readonly micro: MicroReport | undefined;
}

/** Reads bench/results. Files of other measurements lie there too. */
export function readResults(): Results {
  const found = new Map<string, Result | MicroReport>();
  for (const file of readdirSync(FOLDER)) {
    const result = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Partial<Result>;
    if (result.scenario !== undefined) found.set(result.scenario, result as Result);
  }
  const pipelines = new Map<string, Result>();
  for (const name of Object.keys(SCENARIOS)) {
    const result = found.get(name);
    if (result !== undefined) pipelines.set(name, result as Result);
  }
  return { pipelines, micro: found.get('micro') as MicroReport | undefined };
}

/**
 * Milliseconds from the write to its acknowledgement. Results from before that was measured have the time to storage, which is
 * some tenths of a millisecond less.
 */
export function latencyMs({ medians }: Result, percentile: string): number | undefined {
  return medians[`ackMs${percentile}`] ?? medians[`latencyMs${percentile}`];
}

/** 12,300 · 45.1 · 3.20 · 0.0312 */
export function plain(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
