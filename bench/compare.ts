import { readFileSync } from 'node:fs';
import type { Provenance } from './pipeline/machine.ts';

/*
 * Compares two results of the same scenario, metric by metric.
 *
 *     node bench/compare.ts bench/results/churn-jetstream.json /tmp/new.json
 */

interface Measured extends Provenance {
  readonly scenario: string;
  readonly settings?: object;
  readonly medians: Readonly<Record<string, number>>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Lines of a table: metric, both values, and the second by the first. */
export function comparison(a: Measured, b: Measured): string[] {
  const rows = Object.keys(a.medians)
    .filter((name) => b.medians[name] !== undefined)
    .map((name) => {
      const [x, y] = [a.medians[name]!, b.medians[name]!];
      return [name, digits(x), digits(y), x === 0 ? (y === 0 ? '1.00' : '') : (y / x).toFixed(2)];
    });
  const table = [['metric', short(a), short(b), 'B / A'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return [
    ...warnings(a, b),
    ...table.map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    ),
  ];
}

function warnings(a: Measured, b: Measured): string[] {
  if (a.scenario !== b.scenario) throw new Error(`two scenarios: ${a.scenario} and ${b.scenario}`);
  const [of, to] = [a, b].map((m) => ({ ...m.settings }) as Readonly<Record<string, unknown>>) as [Settings, Settings];
  const different = [...new Set([...Object.keys(of), ...Object.keys(to)])].filter(
    (name) => JSON.stringify(of[name]) !== JSON.stringify(to[name]) && name !== 'runs',
  );
  return [
    ...different.map((name) => `other settings: ${name} ${JSON.stringify(of[name])} and ${JSON.stringify(to[name])}`),
    ...(a.machine === b.machine ? [] : [`other machines: ${a.machine} and ${b.machine}`]),
    ...(a.node === b.node ? [] : [`other versions of Node: ${a.node} and ${b.node}`]),
  ];
}

function digits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

function short(m: Measured): string {
  return `${m.commit.slice(0, 7)}${m.modified ? '+' : ''}`;
}

/** @throws Error that says in one line what is wrong with the file */
function read(file: string): Measured {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const { scenario, medians } = (parsed ?? {}) as Partial<Measured>;
  if (typeof scenario !== 'string' || typeof medians !== 'object') throw new Error('not a result of bench/run.ts');
  return parsed as Measured;
}

function main(args: readonly string[]): void {
  const [a, b, ...more] = args;
  if (a === undefined || b === undefined || more.length > 0)
    throw new Error('give two results: bench/compare.ts A.json B.json');
  const [of, to] = [a, b].map((file) => {
    try {
      return read(file);
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }) as [Measured, Measured];
  for (const line of comparison(of, to)) console.log(line);
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log('Compares two results of one scenario by ratio: bench/compare.ts A.json B.json');
  } else {
    try {
      main(args);
    } catch (error) {
      console.error(`compare: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 2;
    }
  }
}
