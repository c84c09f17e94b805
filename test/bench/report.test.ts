import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { comparison } from '../../bench/compare.ts';
import { median, medians, type Result } from '../../bench/pipeline/result.ts';
import { DEFAULT_SET, SCENARIOS } from '../../bench/pipeline/scenarios.ts';
import { DEFAULT_SETTINGS } from '../../bench/pipeline/settings.ts';
import { goalRows } from '../../bench/report/goals.ts';
import { page } from '../../bench/report/page.ts';
import { plots } from '../../bench/report/plots.ts';
import { sizing } from '../../bench/report/sizing.ts';
import { reportFiles } from '../../bench/report.ts';

const result = (medians: Record<string, number>, more: Partial<Result> = {}): Result => ({
  scenario: 'churn-jetstream',
  about: '',
  commit: '0123456789abcdef',
  modified: false,
  date: '2026-01-02T03:04:05.678Z',
  node: 'v26.0.0',
  machine: '2 × a processor',
  memoryGiB: 8,
  loadBefore: 0,
  servers: [],
  settings: DEFAULT_SETTINGS,
  medians,
  runs: [medians],
  ...more,
});

test('the report is what the results give', () => {
  const files = reportFiles();
  for (const [path, text] of Object.entries(files)) {
    const stored = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.ok(stored === text, `${path} is out of date; run: node bench/report.ts`);
  }
  const plots = readdirSync(new URL('../../bench/plots/', import.meta.url)).map((name) => `bench/plots/${name}`);
  assert.deepEqual(
    plots.sort(),
    Object.keys(files)
      .filter((path) => path.endsWith('.svg'))
      .sort(),
  );
  assert.deepEqual(reportFiles(), files, 'the same results give the same text');
});

test('a goal counts as reached only where the measurement was of what it is for', () => {
  const rows = (r: Result): string[] | undefined =>
    goalRows({ pipelines: new Map([[r.scenario, r]]), micro: undefined }).find((row) => row[3] !== 'not measured');
  const sync = (cpuSeconds: number, objects: number): string[] | undefined =>
    rows(result({ cpuSeconds }, { scenario: 'first-sync-jetstream', settings: { ...DEFAULT_SETTINGS, objects } }));
  assert.deepEqual(sync(3, 100_000)?.slice(3), ['3 CPU-s', '1', '3, 3', 'reached']);
  assert.deepEqual(sync(5, 100_000)?.slice(3), ['5 CPU-s', '1', '5, 5', 'not reached']);
  assert.deepEqual(sync(1, 1000)?.slice(3), ['1 CPU-s', '1', '1, 1', 'measured with 1,000 objects']);
  const runs = [{ recordsPerCpuSecond: 90_000 }, { recordsPerCpuSecond: 120_000 }, { recordsPerCpuSecond: 125_000 }];
  assert.deepEqual(rows(result(medians(runs), { runs }))?.slice(3), [
    '120,000 /CPU-s',
    '3',
    '90,000, 125,000',
    'beyond it',
  ]);
});

test('the default set measures every goal', () => {
  const measured = (name: string): [string, Result] => {
    const every = new Proxy<Record<string, number>>({}, { get: () => 1 });
    const settings = { ...DEFAULT_SETTINGS, ...SCENARIOS[name]!.settings };
    return [name, result(every, { scenario: name, settings, runs: [every] })];
  };
  const rows = goalRows({ pipelines: new Map(DEFAULT_SET.map(measured)), micro: undefined });
  assert.ok(rows.length > 10);
  assert.deepEqual(
    rows.filter((row) => row[3] === 'not measured' || row.at(-1)!.startsWith('measured with')),
    [],
  );
});

test('a page without results says so', () => {
  const nothing = { pipelines: new Map(), micro: undefined };
  assert.match(page(nothing, Object.keys(plots(nothing))), /There are no results yet\./);
  assert.match(sizing(nothing), /not measured/);
});

test('two results are compared by ratio, and what else differs is said', () => {
  const lines = comparison(
    result({ cpuSeconds: 4, records: 10, gone: 1 }),
    result({ cpuSeconds: 2, records: 10 }, { settings: { ...DEFAULT_SETTINGS, objects: 7 }, node: 'v27.0.0' }),
  );
  assert.match(lines[0]!, /^other settings: objects 20000 and 7$/);
  assert.match(lines[1]!, /^other versions of Node/);
  assert.deepEqual(
    lines.slice(3).map((line) => line.split(/ {2,}/)),
    [
      ['cpuSeconds', '4', '2', '0.50'],
      ['records', '10', '10', '1.00'],
    ],
  );
  assert.throws(() => comparison(result({}), result({}, { scenario: 'churn-both' })), /two scenarios/);
});

test('medians', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(medians([{ a: 1 }, { a: 3, b: 5 }, { a: 2 }]), { a: 2, b: 0 });
  assert.deepEqual(medians([{ a: 1, b: 4 }, { a: 3, b: 5 }, { a: 2 }]), { a: 2, b: 4 });
});
