import { until } from '../../test/support/until.ts';
import type { Derived } from './check-derived.ts';
import { checkOutput } from './check-output.ts';
import { ParseFloor } from './parse-floor.ts';
import { type Expected, Replica } from './replica.ts';
import { bytesRead, type Outcome, phaseMetrics, startUpMetrics } from './scenario.ts';
import type { Settings } from './settings.ts';
import { Stage, use } from './stage.ts';

const MIB = 2 ** 20;

export interface ChurnOptions {
  readonly jetstream: boolean;
  readonly parquet: boolean;
  readonly rules?: readonly Record<string, unknown>[];
  /** What the rules make of an object. */
  readonly derived?: Derived;
  /** The rules ignore the heartbeat annotation. */
  readonly ignoresHeartbeats?: boolean;
}

/**
 * Everything is synced, and the program at rest; then exactly so many changes are made, as fast as they are read, and the
 * measurement ends when the last one is acknowledged by every sink.
 */
export async function churn(settings: Settings, options: ChurnOptions): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected: Expected[] = [...replica.listed()];
  const listed = expected.length;
  const floor = await ParseFloor.start(settings);
  const stage = await Stage.start(settings, options);
  try {
    const rotate = { rotate: { interval: '5s' } };
    const up = await stage.comeUp(stage.config(options.rules === undefined ? {} : { rules: options.rules }, rotate));
    await stage.release();
    await stage.acknowledged(listed);
    await stage.ready();
    await stage.atRest(); // the state may still be folding the list
    await stage.simulator.control(`prepare?count=${settings.changes}`);
    await floor.sample();
    const begin = stage.reading();
    const bytesBefore = await bytesRead(stage);
    const storedBefore = await stage.stored();
    for (const record of replica.changed(settings.changes, options.ignoresHeartbeats !== true)) expected.push(record);
    await stage.simulator.control(`start-churn?count=${settings.changes}`);
    await stage.acknowledged(expected.length);
    const end = stage.reading();
    await floor.sample();
    const bytes = (await bytesRead(stage)) - bytesBefore;
    const stored = (await stage.stored()) - storedBefore;
    // It is sampled, and a short run may be over before that.
    let objects = 0;
    await until('known objects are counted', async () => {
      objects = await stage.metric('watershard_known_objects');
      return objects > 0;
    });
    const known = await stage.metric('watershard_known_bytes');
    const rest = await stage.atRest();
    await stage.stopProgram();
    const problems = replica.disagreements(await stage.simulator.truth());
    problems.push(...(await checkOutput(stage, replica, expected, options.derived)));
    const metrics = phaseMetrics(use(begin, end), expected.length - listed, end.program.peakRss);
    return {
      problems,
      metrics: {
        ...metrics,
        ...startUpMetrics(up),
        changes: settings.changes,
        readMiB: bytes / MIB,
        storedMiB: stored / MIB,
        knownBytesPerObject: known / objects,
        restRssMiB: rest.program.rss / MIB,
        ...floor.metrics(metrics.cpuSeconds!, settings.changes),
      },
    };
  } finally {
    floor.stop();
    await stage.stop();
  }
}
