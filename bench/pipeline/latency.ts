import { AckTimes } from './ack-times.ts';
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
 * From the write to its acknowledgement by JetStream, at a fixed rate: `ackMs…`. The simulator keeps when it made each change;
 * the other end is when the acknowledgement came to a second client on this machine. `latencyMs…` is to the time that the
 * server gave the message as it stored it. All by the clock of one machine.
 */
export async function latency(settings: Settings): Promise<Outcome> {
  const replica = new Replica(settings);
  const expected: Expected[] = [...replica.listed()];
  const listed = expected.length;
  const stage = await Stage.start(settings, { jetstream: true, parquet: false });
  let acks: AckTimes | undefined;
  try {
    const up = await stage.comeUp(stage.config({}));
    await stage.release();
    await stage.acknowledged(listed);
    await stage.ready();
    acks = await AckTimes.start(stage.nats!.url, listed + settings.changes);
    const bytesBefore = await bytesRead(stage);
    const storedBefore = await stage.stored();
    const begin = await stage.atRest();
    expected.push(...replica.changed(settings.changes));
    await stage.simulator.control(`start-churn?count=${settings.changes}`);
    await stage.acknowledged(expected.length);
    const end = stage.reading();
    const bytes = (await bytesRead(stage)) - bytesBefore;
    const storedBytes = (await stage.stored()) - storedBefore;
    const writes = await stage.simulator.writes();
    await stage.stopProgram();
    const problems = [
      ...replica.disagreements(await stage.simulator.truth()),
      ...(await checkOutput(stage, replica, expected)),
    ];
    const { stored, acknowledged, unheard } = await latencies(stage, writes, acks);
    if (stored.length === 0) problems.push('no change had a latency');
    if (unheard > 0) problems.push(`${unheard} acknowledgements were not heard`);
    return {
      problems,
      metrics: {
        ...phaseMetrics(use(begin, end), expected.length - listed, end.program.peakRss),
        ...startUpMetrics(up),
        readMiB: bytes / MIB,
        storedMiB: storedBytes / MIB,
        ...percentiles('ackMs', acknowledged),
        ...percentiles('latencyMs', stored),
      },
    };
  } finally {
    await acks?.stop();
    await stage.stop();
  }
}

/** @param took in order of size */
function percentiles(name: string, took: readonly number[]): Record<string, number> {
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return {
    [`${name}P50`]: at(0.5),
    [`${name}P90`]: at(0.9),
    [`${name}P99`]: at(0.99),
    [`${name}P999`]: at(0.999),
    [`${name}Max`]: at(1),
  };
}

interface Latencies {
  /** Milliseconds of every update and creation, in order of size. */
  readonly stored: readonly number[];
  readonly acknowledged: readonly number[];
  readonly unheard: number;
}

async function latencies(
  stage: Stage,
  writes: readonly (readonly [number, number])[],
  acks: AckTimes,
): Promise<Latencies> {
  const from = (writes[0]?.[1] ?? 0) + WARM_UP_MS;
  const stored: number[] = [];
  const acknowledged: number[] = [];
  let unheard = 0;
  let i = 0;
  // One stream of one resource: the messages are in the order of the writes, but for what was sent out of order.
  for await (const { id, sequence, storedAt } of storedMessages(stage.nats!.url, STREAM)) {
    const version = Number(id.split(':')[1]); // NaN for a delete, whose id has none
    if (!(version > firstVersion(writes))) continue;
    while (i > 0 && writes[i - 1]![0] >= version) i--;
    while (i < writes.length - 1 && writes[i]![0] < version) i++;
    const at = writes[i]![1];
    if (at < from) continue;
    stored.push(storedAt - at);
    const heard = acks.of(sequence);
    if (heard === undefined) unheard++;
    else acknowledged.push(heard - at);
  }
  const bySize = (a: number, b: number): number => a - b;
  return { stored: stored.sort(bySize), acknowledged: acknowledged.sort(bySize), unheard };
}

/** Everything up to it was there before the churn began. */
function firstVersion(writes: readonly (readonly [number, number])[]): number {
  return (writes[0]?.[0] ?? Number.POSITIVE_INFINITY) - 1;
}
