import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MicroResult } from '../micro/measure.ts';
import type { Provenance } from './machine.ts';
import type { Settings } from './settings.ts';

/** One file of bench/results: the runs of one scenario. */
export interface Result extends Provenance {
  readonly scenario: string;
  readonly about: string;
  readonly settings: Settings;
  /** By metric, of all runs. */
  readonly medians: Readonly<Record<string, number>>;
  readonly runs: readonly Readonly<Record<string, number>>[];
}

/** bench/results/micro.json. */
export interface MicroReport extends Provenance {
  readonly scenario: 'micro';
  readonly medians: Readonly<Record<string, number>>;
  readonly results: readonly MicroResult[];
}

/** What a run does not name it had nothing of: a thread that was not started, a process that was not there. */
export function medians(runs: Result['runs']): Record<string, number> {
  const names = [...new Set(runs.flatMap((r) => Object.keys(r)))];
  return Object.fromEntries(names.map((name) => [name, median(runs.map((r) => r[name] ?? 0))]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function writeResult(file: string, result: Result): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, rounded, 2)}\n`);
}

/** Four digits are more than the measurement is good for. */
export function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number(value.toPrecision(4));
}
