import { storedMessages } from './check-jetstream.ts';
import { checkOutput } from './check-output.ts';
import { type Expected, Replica } from './replica.ts';
import { bytesRead, type Outcome, phaseMetrics, startUpMetrics } from './scenario.ts';
import type { Settings } from './settings.ts';
import { STREAM, Stage, use } from './stage.ts';

const MIB = 2 ** 20;
/** Changes of the first second are left out: code that has not run before is compiled then. */
const WARM_UP_MS = 1000;

/**
 * From the write to its storage in JetStream, at a fixed rate. The simulator keeps when it made each change; the other end
 * is the time that the server itself gave the message as it stored it, both by the clock of one machine. The
 * acknowledgement leaves the server right after, so its way back (about 0.1 ms) is not in the figures.
 */
export async function latency(settings: Settings): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected: Expected[] = [...replica.listed()];
  const listed = expected.length;
  const stage = await Stage.start(settings, { jetstream: true, parquet: false });
  try {
    const up = await stage.comeUp(stage.config({}));
    await stage.release();
    await stage.acknowledged(listed);
    await stage.ready();
    const bytesBefore = await bytesRead(stage);
    const storedBefore = await stage.stored();
    const begin = await stage.atRest();
    expected.push(...replica.changed(settings.changes));
    await stage.simulator.control(`start-churn?count=${settings.changes}`);
    await stage.acknowledged(expected.length);
    const end = stage.reading();
    const bytes = (await bytesRead(stage)) - bytesBefore;
    const stored = (await stage.stored()) - storedBefore;
    const writes = await stage.simulator.writes();
    await stage.stopProgram();
    const problems = [
      ...replica.disagreements(await stage.simulator.truth()),
      ...(await checkOutput(stage, replica, expected)),
    ];
    const took = await latencies(stage, writes);
    if (took.length === 0) problems.push('no change had a latency');
    const at = (share: number): number =>
      took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
    return {
      problems,
      metrics: {
        ...phaseMetrics(use(begin, end), expected.length - listed, end.program.peakRss),
        ...startUpMetrics(up),
        readMiB: bytes / MIB,
        storedMiB: stored / MIB,
        latencyMsP50: at(0.5),
        latencyMsP90: at(0.9),
        latencyMsP99: at(0.99),
        latencyMsP999: at(0.999),
        latencyMsMax: at(1),
      },
    };
  } finally {
    await stage.stop();
  }
}

/** Milliseconds of every update and creation, in order of size. */
async function latencies(stage: Stage, writes: readonly (readonly [number, number])[]): Promise<number[]> {
  const from = (writes[0]?.[1] ?? 0) + WARM_UP_MS;
  const took: number[] = [];
  let i = 0;
  // One stream of one resource: the messages are in the order of the writes, but for what was sent out of order.
  for await (const { id, storedAt } of storedMessages(stage.nats!.url, STREAM)) {
    const version = Number(id.split(':')[1]); // NaN for a delete, whose id has none
    if (!(version > firstVersion(writes))) continue;
    while (i > 0 && writes[i - 1]![0] >= version) i--;
    while (i < writes.length - 1 && writes[i]![0] < version) i++;
    const at = writes[i]![1];
    if (at >= from) took.push(storedAt - at);
  }
  return took.sort((a, b) => a - b);
}

/** Everything up to it was there before the churn began. */
function firstVersion(writes: readonly (readonly [number, number])[]): number {
  return (writes[0]?.[0] ?? Number.POSITIVE_INFINITY) - 1;
}
