import { checkContent, checkIds, storedMessages } from './check-jetstream.ts';
import { checkRowContent, checkRows } from './check-parquet.ts';
import { type Expected, Replica } from './replica.ts';
import { bytesRead, type Outcome, phaseMetrics, startUpMetrics } from './scenario.ts';
import type { Settings } from './settings.ts';
import { LAKE, STREAM, Stage, use } from './stage.ts';

/** Objects whose content is compared, at most. */
const COMPARED = 20_000;
const MIB = 2 ** 20;

export interface ChurnOptions {
  readonly jetstream: boolean;
  readonly parquet: boolean;
  readonly rules?: readonly Record<string, unknown>[];
  /** The rules ignore the heartbeat annotation. */
  readonly ignoresHeartbeats?: boolean;
}

/**
 * Everything is synced; then exactly so many changes are made, as fast as they are read, and the measurement ends when the
 * last one is acknowledged by every sink.
 */
export async function churn(settings: Settings, options: ChurnOptions): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected: Expected[] = [...replica.listed()];
  const listed = expected.length;
  const stage = await Stage.start(settings, options);
  try {
    const rotate = { rotate: { interval: '5s' } };
    const up = await stage.comeUp(stage.config(options.rules === undefined ? {} : { rules: options.rules }, rotate));
    await stage.release();
    await stage.acknowledged(listed);
    await stage.ready();
    const begin = stage.reading();
    const bytesBefore = await bytesRead(stage);
    for (const record of replica.changed(settings.changes, options.ignoresHeartbeats !== true)) expected.push(record);
    await stage.simulator.control(`start-churn?count=${settings.changes}`);
    await stage.acknowledged(expected.length);
    const end = stage.reading();
    const bytes = (await bytesRead(stage)) - bytesBefore;
    const objects = await stage.metric('watershard_known_objects');
    const known = await stage.metric('watershard_known_bytes');
    await stage.stopProgram();
    const problems = replica.disagreements(await stage.simulator.control());
    problems.push(...(await checkOutput(stage, replica, expected)));
    const parse = replica.parseMicros();
    const metrics = phaseMetrics(use(begin, end), expected.length - listed, end.program.peakRss);
    return {
      problems,
      metrics: {
        ...metrics,
        ...startUpMetrics(up),
        changes: settings.changes,
        readMiB: bytes / MIB,
        knownBytesPerObject: known / objects,
        restRssMiB: end.program.rss / MIB,
        jsonParseMicrosPerEvent: parse,
        cpuOverJsonParse: (metrics.cpuSeconds! * 1e6) / settings.changes / parse,
      },
    };
  } finally {
    await stage.stop();
  }
}

/** Looks at what the sinks hold, after the program has ended. */
export async function checkOutput(
  stage: Stage,
  replica: Replica,
  expected: readonly Expected[],
  table: 'changes' | 'inventory' = 'changes',
): Promise<string[]> {
  const problems: string[] = [];
  const every = Math.max(1, Math.ceil(stage.settings.objects / COMPARED));
  if (stage.nats !== undefined) {
    problems.push(...(await checkIds(expected, storedMessages(stage.nats.url, STREAM))));
    problems.push(...(await checkContent(stage.nats.url, STREAM, replica.objects(every))));
  }
  if (stage.s3 !== undefined) {
    const db = await stage.database();
    problems.push(...(await checkRows(db, LAKE, table, expected)));
    problems.push(...(await checkRowContent(db, LAKE, table, replica.objects(every * 10))));
  }
  return problems;
}
