import type { Result } from '../pipeline/result.ts';
import { plain, type Results } from './results.ts';

/** What a number has to be for users to gain from it, and what was measured. */
interface Goal {
  readonly work: string;
  readonly unit: string;
  readonly reach: number;
  readonly beyond?: number;
  /** More is better; else less. */
  readonly more: boolean;
  readonly measured: (r: Results) => Measured | undefined;
}

interface Measured {
  /** The median of the runs. */
  readonly value: number;
  readonly runs: number;
  /** Lowest and highest of the runs; none where the number is made of two results. */
  readonly range?: readonly [number, number];
  /** What differs from the goal, which is then not said to be reached. */
  readonly otherwise?: string;
}

const metric =
  (scenario: string, name: string, objects?: number, factor = 1) =>
  (r: Results): Measured | undefined => {
    const result = r.pipelines.get(scenario);
    const value = result?.medians[name];
    if (result === undefined || value === undefined) return undefined;
    const all = result.runs.map((run) => (run[name] ?? 0) * factor);
    const found = { value: value * factor, runs: all.length, range: [Math.min(...all), Math.max(...all)] as const };
    const measured = result.settings.objects;
    return objects === undefined || measured === objects
      ? found
      : { ...found, otherwise: `with ${plain(measured)} objects` };
  };

const cpu = (work: string, scenario: string, reach: number, beyond: number): Goal => ({
  work,
  unit: 'CPU-s',
  reach,
  beyond,
  more: false,
  measured: metric(scenario, 'cpuSeconds', 100_000),
});

/** The results have MiB, and the goals are in MB. */
const MEGABYTES = 2 ** 20 / 1e6;

const peak = (work: string, scenario: string, reach: number, beyond?: number): Goal => ({
  work: `${work}: peak RSS`,
  unit: 'MB',
  reach,
  ...(beyond === undefined ? {} : { beyond }),
  more: false,
  measured: metric(scenario, 'peakRssMiB', 100_000, MEGABYTES),
});

const each = (work: string, scenario: string, reach: number, beyond: number): Goal => ({
  work,
  unit: '/CPU-s',
  reach,
  beyond,
  more: true,
  measured: metric(scenario, 'recordsPerCpuSecond'),
});

const less = (work: string, unit: string, scenario: string, name: string, reach: number, beyond?: number): Goal => ({
  work,
  unit,
  reach,
  ...(beyond === undefined ? {} : { beyond }),
  more: false,
  measured: metric(scenario, name),
});

/** Of results from before acknowledgements were heard. */
function toStorage(r: Results): Measured | undefined {
  const stored = metric('latency-1000', 'latencyMsP99')(r);
  return stored && { ...stored, otherwise: 'to storage, and not to its acknowledgement' };
}

/** A result with more objects against that with 10,000; both have to be of the same length to be compared. */
function scaled(
  small: Result | undefined,
  large: Result | undefined,
  most: number,
  value: (small: Result, large: Result) => number,
): Measured | undefined {
  if (small === undefined || large === undefined || small === large) return undefined;
  const { objects, changes } = large.settings;
  const differs = [
    ...(objects === most ? [] : [`${plain(objects)} objects`]),
    ...(changes === small.settings.changes
      ? []
      : [`${plain(changes)} changes against ${plain(small.settings.changes)}`]),
  ];
  return {
    value: value(small, large),
    runs: Math.min(small.runs.length, large.runs.length),
    ...(differs.length === 0 ? {} : { otherwise: `with ${differs.join(', ')}` }),
  };
}

const largestScale = ({ pipelines }: Results): Result | undefined =>
  [...pipelines.values()].filter((s) => s.scenario.startsWith('scale-')).at(-1);

function residentBytes(small: Result, large: Result): number {
  const bytes = (large.medians.restRssMiB! - small.medians.restRssMiB!) * 2 ** 20;
  return bytes / (large.settings.objects - small.settings.objects);
}

const GOALS: readonly Goal[] = [
  each('updates to JetStream, no rule that reads values', 'churn-jetstream', 45_000, 100_000),
  each('the same with two CEL fields and a merge patch', 'churn-jetstream-rules', 20_000, 30_000),
  cpu('first sync of 100k pods to JetStream', 'first-sync-jetstream', 4, 2),
  peak('first sync of 100k pods to JetStream', 'first-sync-jetstream', 350, 250),
  cpu('snapshot of 100k pods to Parquet, fields only', 'snapshot-parquet', 4, 2.5),
  peak('snapshot of 100k pods to Parquet, fields only', 'snapshot-parquet', 300),
  cpu('snapshot of 100k pods to Parquet, with objects', 'snapshot-parquet-objects', 8, 5),
  peak('snapshot of 100k pods to Parquet, with objects', 'snapshot-parquet-objects', 300),
  each('Kubernetes Events to Parquet', 'events-parquet', 40_000, 80_000),
  less('known-objects table for each object, no diff', 'B', 'churn-jetstream', 'knownBytesPerObject', 200, 100),
  less(
    'known-objects table for each object, with diff',
    'B',
    'churn-jetstream-rules',
    'knownBytesPerObject',
    1000,
    400,
  ),
  cpu('restart with 100k unchanged, by position', 'restart-position', 1, 0.3),
  cpu('restart with 100k unchanged, by relist', 'restart-relist', 3, 1.5),
  {
    ...less('p99 from write to acknowledgement at 1,000 changes/s', 'ms', 'latency-1000', 'ackMsP99', 50, 10),
    measured: (r) => metric('latency-1000', 'ackMsP99')(r) ?? toStorage(r),
  },
  {
    work: 'CPU per event with 1M objects over that with 10k',
    unit: '×',
    reach: 1.1,
    beyond: 1.05,
    more: false,
    measured: (r) =>
      scaled(
        r.pipelines.get('scale-10k'),
        largestScale(r),
        1_000_000,
        (small, large) => large.medians.cpuMicrosPerRecord! / small.medians.cpuMicrosPerRecord!,
      ),
  },
  {
    work: 'resident memory for each object more than 10k, no diff',
    unit: 'B',
    reach: 200,
    beyond: 100,
    more: false,
    measured: (r) => scaled(r.pipelines.get('scale-10k'), largestScale(r), 1_000_000, residentBytes),
  },
  {
    work: 'resident memory for each object more than 10k, with diff',
    unit: 'B',
    reach: 1000,
    beyond: 400,
    more: false,
    measured: (r) => scaled(r.pipelines.get('diff-10k'), r.pipelines.get('diff-100k'), 100_000, residentBytes),
  },
  less('main thread per event at full load', 'µs', 'churn-jetstream', 'mainThreadMicrosPerRecord', 10, 5),
  less('pipeline over JSON.parse alone of the same bytes', '×', 'churn-jetstream', 'cpuOverJsonParse', 1, 0.4),
  less('simulated API server over what it feeds', '×', 'churn-jetstream', 'simulatorShare', 0.1),
];

export const GOAL_HEADS: readonly string[] = ['work', 'to reach', 'beyond that', 'measured', 'runs', 'from, to', ''];

/** Rows of the table of goals. */
export function goalRows(results: Results): string[][] {
  return GOALS.map((goal) => {
    const bound = (value: number | undefined): string => (value === undefined ? '' : `${plain(value)} ${goal.unit}`);
    const measured = goal.measured(results);
    const shown = measured === undefined ? 'not measured' : `${plain(measured.value)} ${goal.unit}`;
    const range = measured?.range?.map(plain).join(', ') ?? '';
    const runs = measured === undefined ? '' : String(measured.runs);
    return [goal.work, bound(goal.reach), bound(goal.beyond), shown, runs, range, verdict(goal, measured)];
  });
}

function verdict(goal: Goal, measured: Measured | undefined): string {
  if (measured === undefined) return '';
  if (measured.otherwise !== undefined) return `measured ${measured.otherwise}`;
  const good = (bound: number): boolean => (goal.more ? measured.value >= bound : measured.value <= bound);
  if (goal.beyond !== undefined && good(goal.beyond)) return 'beyond it';
  return good(goal.reach) ? 'reached' : 'not reached';
}
