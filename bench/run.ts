import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { provenance } from './pipeline/machine.ts';
import { medians, type Result, writeResult } from './pipeline/result.ts';
import { DEFAULT_SET, SCENARIOS } from './pipeline/scenarios.ts';
import { DEFAULT_SETTINGS, type Settings } from './pipeline/settings.ts';

const USAGE = `Measures Watershard between a simulated API server and real NATS, Redis and S3 servers.

  npm run bench                    the default set: about twenty minutes on two quiet cores
  npm run bench -- --list          what there is; * is of the default set
  npm run bench -- NAME… [flags]   these scenarios

  --objects N --changes N --seed N --workers N --rate N --namespaces N
  --turnover F --heartbeats F --touches F   shares of the changes, as the simulator takes them
  --state embedded|redis
  --runs N       runs of each scenario; the medians count (${DEFAULT_SETTINGS.runs})
  --out FILE     where the result goes (bench/results/NAME.json)
  --dry          write no result

Each run checks its output against the simulator; a wrong run has no number, and the exit code is 1.
WATERSHARD_BENCH_NODE_OPTIONS goes to the measured process: '--cpu-prof --cpu-prof-dir=/tmp/prof' for profiles.
`;

const text = { type: 'string' } as const;
const NUMBERS = [
  'objects',
  'changes',
  'seed',
  'workers',
  'rate',
  'namespaces',
  'turnover',
  'heartbeats',
  'touches',
  'runs',
] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...Object.fromEntries(NUMBERS.map((name) => [name, text])),
    state: text,
    out: text,
    dry: { type: 'boolean' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const given = values as Readonly<Record<string, string | boolean | undefined>>;

function settingsOf(name: string): Settings {
  const numbers = NUMBERS.filter((n) => given[n] !== undefined).map((n) => {
    const value = Number(given[n]);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${n}: not a number of at least 0: ${given[n]}`);
    return [n, value] as const;
  });
  if (given.state !== undefined && given.state !== 'embedded' && given.state !== 'redis')
    throw new Error(`--state: embedded or redis, not ${given.state}`);
  return {
    ...DEFAULT_SETTINGS,
    ...SCENARIOS[name]!.settings,
    ...Object.fromEntries(numbers),
    ...(given.state === undefined ? {} : { state: given.state }),
  };
}

/** @returns the result, or undefined where a run was wrong */
async function measure(name: string): Promise<Result | undefined> {
  const scenario = SCENARIOS[name]!;
  const settings = settingsOf(name);
  const runs: Readonly<Record<string, number>>[] = [];
  const from = provenance();
  for (let i = 1; i <= settings.runs; i++) {
    const { metrics, problems } = await scenario.run(settings);
    if (problems.length > 0) {
      console.error(`${name}: run ${i} is wrong:\n${problems.map((p) => `  ${p}`).join('\n')}`);
      return undefined;
    }
    console.error(`${name}: run ${i} of ${settings.runs}: ${short(metrics)}`);
    runs.push(metrics);
  }
  return { scenario: name, about: scenario.about, ...from, settings, medians: medians(runs), runs };
}

function short(metrics: Readonly<Record<string, number>>): string {
  return ['recordsPerCpuSecond', 'cpuSeconds', 'mainThreadMicrosPerRecord', 'peakRssMiB', 'simulatorShare']
    .filter((m) => metrics[m] !== undefined)
    .map((m) => `${m} ${Number(metrics[m]!.toPrecision(3))}`)
    .join(', ');
}

process.setMaxListeners(0); // each run's program has one for the end of this process
if (given.help === true) {
  process.stdout.write(USAGE);
} else if (given.list === true) {
  for (const [name, { about }] of Object.entries(SCENARIOS))
    console.log(`${DEFAULT_SET.includes(name) ? '*' : ' '} ${name.padEnd(26)} ${about}`);
} else {
  const names = positionals.length > 0 ? positionals : DEFAULT_SET;
  const unknown = names.filter((n) => !(n in SCENARIOS));
  if (unknown.length > 0) throw new Error(`no scenario ${unknown.join(', ')}; see --list`);
  // What is measured is what is built (pipeline/stage.ts).
  const bootstrap = fileURLToPath(new URL('../tools/bootstrap.mjs', import.meta.url));
  execFileSync(process.execPath, [bootstrap, 'build'], { stdio: 'inherit' });
  for (const name of names) {
    const result = await measure(name);
    if (result === undefined) {
      process.exitCode = 1;
      continue;
    }
    const out =
      typeof given.out === 'string' ? given.out : fileURLToPath(new URL(`./results/${name}.json`, import.meta.url));
    if (given.dry !== true) writeResult(out, result);
    console.log(JSON.stringify({ scenario: name, runs: result.runs.length, medians: result.medians }, null, 2));
  }
}
