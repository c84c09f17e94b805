import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PROGRAMS, readArguments, USAGE, WrongArguments } from './arguments.ts';
import { provenance } from './pipeline/machine.ts';
import { medians, type Result, writeResult } from './pipeline/result.ts';
import { DEFAULT_SET, SCENARIOS } from './pipeline/scenarios.ts';
import type { Settings } from './pipeline/settings.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** @returns the result, or undefined where a run was wrong */
async function measure(name: string, settings: Settings): Promise<Result | undefined> {
  const scenario = SCENARIOS[name]!;
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

/** Results go to the standard output, and everything else does not. */
function step(script: string, ...args: string[]): void {
  execFileSync(process.execPath, [path(script), ...args], { stdio: ['ignore', 2, 2] });
}

async function main(args: readonly string[]): Promise<void> {
  const [first = '', ...rest] = args;
  if (Object.hasOwn(PROGRAMS, first)) {
    if (first === 'micro' && !rest.some((arg) => ['--help', '-h'].includes(arg))) step('../tools/servers/build.mjs');
    const { status } = spawnSync(process.execPath, [path(PROGRAMS[first]!), ...rest], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
    return;
  }
  const { help, list, dry, out, settings } = readArguments(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  if (list) {
    for (const [name, { about }] of Object.entries(SCENARIOS))
      console.log(`${DEFAULT_SET.includes(name) ? '*' : ' '} ${name.padEnd(26)} ${about}`);
    return;
  }
  if (process.platform !== 'linux') throw new WrongArguments('CPU time is read from /proc: it measures on Linux only');
  step('../tools/servers/build.mjs');
  // What is measured is what is built (pipeline/stage.ts).
  step('../tools/bootstrap.mjs', 'build');
  for (const [name, of] of settings) {
    const result = await measure(name, of).catch((error: unknown) => {
      // the scenarios behind it may well run
      console.error(`${name}:`, error);
      return undefined;
    });
    if (result === undefined) {
      process.exitCode = 1;
      continue;
    }
    if (!dry) writeResult(out ?? path(`./results/${name}.json`), result);
    console.log(JSON.stringify({ scenario: name, runs: result.runs.length, medians: result.medians }, null, 2));
  }
}

process.setMaxListeners(0); // each run's program has one for the end of this process
try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof WrongArguments)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
