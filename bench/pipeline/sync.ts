import type { Derived } from './check-derived.ts';
import { checkOutput } from './check-output.ts';
import { ParseFloor } from './parse-floor.ts';
import { type Expected, Replica } from './replica.ts';
import { bytesRead, type Outcome, phaseMetrics, startUpMetrics } from './scenario.ts';
import type { Settings } from './settings.ts';
import { Stage, use } from './stage.ts';

const MIB = 2 ** 20;

export interface SyncOptions {
  readonly jetstream: boolean;
  readonly parquet: boolean;
  readonly rules?: readonly Record<string, unknown>[];
  /** What the rules make of an object. */
  readonly derived?: Derived;
  readonly lake?: Record<string, unknown>;
}

const rulesOf = (o: SyncOptions): Record<string, unknown> => (o.rules === undefined ? {} : { rules: o.rules });

/** The first list of everything, with nothing known before: from the first request to the last acknowledgement. */
export async function firstSync(settings: Settings, options: SyncOptions): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected = [...replica.listed()];
  const floor = await ParseFloor.start(settings);
  const stage = await Stage.start(settings, options);
  try {
    const begin = await stage.comeUp(stage.config(rulesOf(options), options.lake));
    await floor.sample();
    await stage.release();
    await stage.acknowledged(expected.length);
    const end = stage.reading();
    await floor.sample();
    const bytes = await bytesRead(stage);
    const stored = await stage.stored();
    const known = await stage.metric('watershard_known_bytes');
    await stage.ready();
    const rest = await stage.atRest();
    await stage.stopProgram();
    const problems = [
      ...replica.disagreements(await stage.simulator.truth()),
      ...(await checkOutput(stage, replica, expected, options.derived)),
    ];
    const metrics = phaseMetrics(use(begin, end), expected.length, end.program.peakRss);
    return {
      problems,
      metrics: {
        ...metrics,
        ...startUpMetrics(begin),
        ...floor.metrics(metrics.cpuSeconds!, expected.length),
        readMiB: bytes / MIB,
        storedMiB: stored / MIB,
        knownBytesPerObject: known / expected.length,
        restRssMiB: rest.program.rss / MIB,
      },
    };
  } finally {
    floor.stop();
    await stage.stop();
  }
}

/** `watershard snapshot` into the table `inventory`: from its first request to its end. */
export async function snapshot(settings: Settings, options: SyncOptions): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected = [...replica.listed()];
  const floor = await ParseFloor.start(settings);
  const stage = await Stage.start(settings, options);
  try {
    const begin = await stage.comeUp(stage.config(rulesOf(options), options.lake), ['snapshot']);
    await floor.sample();
    await stage.release();
    const end = await stage.ended();
    await floor.sample();
    const stored = await stage.stored();
    const problems = [
      ...replica.disagreements(await stage.simulator.truth()),
      ...(await checkOutput(stage, replica, expected, options.derived, 'inventory')),
    ];
    const metrics = phaseMetrics(use(begin, end), expected.length, end.program.peakRss);
    return {
      problems,
      metrics: {
        ...metrics,
        ...startUpMetrics(begin),
        storedMiB: stored / MIB,
        ...floor.metrics(metrics.cpuSeconds!, expected.length),
      },
    };
  } finally {
    floor.stop();
    await stage.stop();
  }
}

/**
 * A start on a state that has everything, with nothing changed since. `cpuSeconds` is what it costs beyond the start-up of
 * a first start: reading the state, and with a relist the list and its comparison.
 */
export async function restart(
  settings: Settings,
  options: SyncOptions & { readonly relist: boolean },
): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected: Expected[] = [...replica.listed()];
  const stage = await Stage.start(settings, options);
  try {
    const config = stage.config(rulesOf(options), options.lake);
    const first = await stage.comeUp(config);
    await stage.release();
    await stage.acknowledged(expected.length);
    await stage.ready();
    await stage.stopProgram();

    const begin = stage.nothingUsed();
    const up = await stage.comeUp(config, options.relist ? ['run', '--relist'] : ['run']);
    await stage.release();
    await stage.ready();
    const end = await stage.atRest();
    const { totals } = await stage.status();
    await stage.stopProgram();
    const problems = await checkOutput(stage, replica, expected, options.derived);
    if (totals.records !== 0) problems.push(`${totals.records} records were made, and nothing had changed`);
    const whole = phaseMetrics(use(begin, end), 0, end.program.peakRss);
    const { startUpCpuSeconds } = startUpMetrics(first);
    return {
      problems,
      metrics: {
        ...whole,
        cpuSeconds: whole.cpuSeconds! - startUpCpuSeconds!,
        cpuSecondsWithStartUp: whole.cpuSeconds!,
        startUpCpuSeconds: startUpCpuSeconds!,
        stateReadCpuSeconds: startUpMetrics(up).startUpCpuSeconds! - startUpCpuSeconds!,
        objects: expected.length,
        readMiB: totals.bytes / MIB,
        restRssMiB: end.program.rss / MIB,
      },
    };
  } finally {
    await stage.stop();
  }
}
