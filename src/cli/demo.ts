import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { parseConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { errorMessage } from '../model/errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { EXIT } from './failure.ts';
import { runSession } from './session.ts';
import { ended, startSimulator } from './simulator-process.ts';

interface Options {
  readonly rate: number;
  readonly objects: number;
  readonly dir: string;
  readonly listen: string;
  readonly seconds?: number;
}

export function demoCommand(): Command {
  return new Command('demo')
    .summary('try it: simulated cluster, live page, Parquet files')
    .description(
      'Starts a simulated cluster, streams it into Parquet files with an embedded state, and serves a live page. Needs no server and no configuration.',
    )
    .option('--rate <changes>', 'changes a second in the simulated cluster', number, 50)
    .option('--objects <count>', 'objects in the simulated cluster', number, 1000)
    .option(
      '--dir <folder>',
      'folder for the state and the Parquet files; what an earlier demo left in it is removed',
      './watershard-data/demo',
    )
    .option('--listen <address>', 'address of the live page', '127.0.0.1:8081')
    .option('--seconds <seconds>', 'stop after this time instead of on Ctrl-C', number)
    .addHelpText(
      'after',
      '\nExample:\n  watershard demo --seconds 30\n  duckdb -c "SELECT kind, operation, count(*) FROM \'watershard-data/demo/lake/changes/**/*.parquet\' GROUP BY ALL"',
    )
    .action(demo);
}

async function demo(options: Options): Promise<void> {
  const kubeconfig = join(options.dir, 'simulator.kubeconfig');
  // Every demo has a cluster of its own, which knows nothing of the one before. Only what a demo has made is removed.
  if (existsSync(kubeconfig)) rmSync(options.dir, { recursive: true });
  mkdirSync(options.dir, { recursive: true });
  const simulator = await simulate(kubeconfig, options);
  const stop = new AbortController();
  const logger = createLogger('info');
  simulator.once('exit', (code) => {
    // Ctrl-C reaches both processes: then it ends with 0, and there is nothing to say
    if (code !== 0 && code !== null) logger.error({ code }, 'the simulator has ended');
    stop.abort(new Error('the simulator has ended'));
  });
  const timer =
    options.seconds === undefined
      ? undefined
      : setTimeout(() => stop.abort(new Error('the time is over')), options.seconds * 1000);
  try {
    const outcome = await runSession(demoConfig(options, kubeconfig), {
      mode: 'run',
      stop: stop.signal,
      logger,
      onServing: (url) => console.error(banner(url, options)),
    });
    console.error(`demo: ${outcome.records} records are in ${lake(options)}`);
    process.exitCode = outcome.delivered ? EXIT.ok : EXIT.failed;
  } finally {
    clearTimeout(timer);
    simulator.kill('SIGTERM');
    await ended(simulator);
  }
}

/** Starts the simulator and waits until it says where it serves. */
async function simulate(kubeconfig: string, { rate, objects }: Options): Promise<ChildProcess> {
  const args = ['--port', '0', '--rate', String(rate), '--objects', String(objects), '--kubeconfig-out', kubeconfig];
  const child = startSimulator(args, ['ignore', 'pipe', 'inherit']);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', (e) => reject(new Error(`the simulator did not start: ${errorMessage(e)}`, { cause: e })));
    child.once('exit', (code) => reject(new Error(`the simulator did not start: it ended with code ${code}`)));
  });
  return child;
}

function demoConfig(options: Options, kubeconfig: string): Config {
  const config = {
    cluster: { name: 'demo' },
    kubeconfig,
    rules: [{ resources: ['pods'], extract: { phase: 'object.status.phase' }, diff: 'merge-patch' }],
    dataDir: options.dir,
    exporters: [{ name: 'lake', type: 'parquet', url: pathToFileURL(lake(options)).href, rotate: { interval: '5s' } }],
    ops: { listen: options.listen },
  };
  // JSON is YAML; an empty environment, since a folder's name may hold anything
  return parseConfig(
    JSON.stringify(config).replaceAll('${', () => '$${'),
    'of the demo',
    { environment: {} },
  );
}

function lake({ dir }: Options): string {
  return join(dir, 'lake');
}

function banner(url: string, options: Options): string {
  return [
    `Live page:  ${url}/`,
    `Metrics:    ${url}/metrics`,
    `Parquet:    ${lake(options)} (a file a stream every 5 s)`,
    options.seconds === undefined ? 'Ctrl-C stops.' : `Stops after ${options.seconds} s.`,
  ].join('\n');
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number of 0 or more.');
  return value;
}
