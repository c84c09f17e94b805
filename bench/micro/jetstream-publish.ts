import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { NatsClient } from '../../src/exporters/jetstream/client.ts';
import { jetstreamConfig } from '../../src/exporters/jetstream/config.ts';
import { LaneReader, type LaneRecord } from '../../src/model/lane.ts';
import { headerWriter } from '../../src/model/nats-frame.ts';
import { makeBatch, PODS } from '../../test/support/batches.ts';
import { NatsServer } from '../../test/support/servers/nats.ts';
import { type BatchAnswer, BatchPublisher, MAX_BATCH, probeIds, TOO_MANY_REQUESTS } from './atomic-batches.ts';
import { jetstreamSink } from './jetstream-sink.ts';

/*
 * What publishing to JetStream costs: each record by itself, as the exporter does it, against atomic batches (ADR-50).
 *
 *     node bench/micro/jetstream-publish.ts [--messages 200000] [--rounds 3]
 *
 * Every way sends the same records, from lanes packed beforehand, into an empty stream on a file store of the same server.
 */

const STREAM = 'BENCH';
/** Records a lane: what the transform makes of one batch of frames. */
const LANE = 500;
const NANOS = 1_000_000_000;

interface Run {
  readonly way: string;
  readonly seconds: number;
  /** CPU of this process and of nats-server, user and system. */
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly messagesPerSecond: number;
  readonly cpuMicrosPerMessage: number;
  readonly refusedBatches: number;
}

/** Batches that the server had no room for, of the run under way. */
let refusedBatches = 0;

type Way = (lanes: readonly ArrayBuffer[]) => Promise<void>;

const { values: options } = parseArgs({
  options: { messages: { type: 'string', default: '200000' }, rounds: { type: 'string', default: '3' } },
});
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
const server = await NatsServer.start();
const admin = await connect({ servers: server.url });
const manager = await jetstreamManager(admin);
const config = jetstreamConfig.parse({ name: 'bus', type: 'jetstream', servers: [server.url], stream: STREAM });

const exporter: Way = async (lanes) => {
  const done = Promise.withResolvers<void>();
  const sink = await jetstreamSink(config, PODS, {
    acked: (sequence) => sequence === lanes.length && done.resolve(),
    failed: done.reject,
  });
  for (const [i, lane] of lanes.entries())
    sink.write({ stream: PODS, incarnation: 1, sequence: i + 1, table: 'changes', lane, records: LANE });
  await done.promise;
  await sink.close();
};

/** The exporter's client alone, with a window that only counts: what single messages cost at least. */
const single: Way = async (lanes) => {
  const headers = headerWriter(STREAM);
  const done = Promise.withResolvers<void>();
  let token = 0;
  let open = 0;
  const source = recordsOf(lanes);
  const pump = (): void => {
    while (open < config.maxInFlight) {
      const { value, done: end } = source.next();
      if (end === true) {
        if (open === 0) done.resolve();
        return;
      }
      open++;
      client.publish(++token, value.subject, Buffer.from(headers(value.id, value.operation)), value.payload);
    }
  };
  const failed = (error: Error): void => done.reject(error);
  const client = new NatsClient(config, 'bench', {
    answered: (_, answer) => {
      if (answer.type !== 'stored' || answer.duplicate) done.reject(new Error(JSON.stringify(answer)));
      open--;
      pump();
    },
    disconnected: () => failed(new Error('disconnected')),
    reconnected: () => undefined,
    closed: failed,
    forbidden: failed,
  });
  await client.connect();
  pump();
  await done.promise;
  await client.close();
};

const atomic =
  (ids: boolean, size: number): Way =>
  async (lanes) => {
    const connection = await connect({ servers: server.url, noAsyncTraces: true });
    const publisher = new BatchPublisher(connection, STREAM);
    const committed: Promise<void>[] = [];
    const settle = async (batch: readonly LaneRecord[], answer: Promise<BatchAnswer>): Promise<void> => {
      const { error, count } = await answer;
      if (error?.err_code === TOO_MANY_REQUESTS) {
        refusedBatches++;
        await settle(batch, (await publisher.send(batch, ids)).answer);
      } else if (error !== undefined || count !== batch.length) throw new Error(JSON.stringify({ error, count }));
    };
    const send = async (batch: readonly LaneRecord[]): Promise<void> => {
      const { answer } = await publisher.send(batch, ids);
      committed.push(settle(batch, answer));
    };
    let batch: LaneRecord[] = [];
    for (const record of recordsOf(lanes)) {
      batch.push(record);
      if (batch.length < size) continue;
      await send(batch);
      batch = [];
    }
    if (batch.length > 0) await send(batch);
    await Promise.all(committed);
    await connection.close();
  };

const WAYS: Readonly<Record<string, Way>> = {
  exporter,
  'single messages': single,
  [`atomic batches of ${MAX_BATCH}, without ids`]: atomic(false, MAX_BATCH),
  [`atomic batches of ${MAX_BATCH}, with ids`]: atomic(true, MAX_BATCH),
  'atomic batches of 100, with ids': atomic(true, 100),
};

function* recordsOf(lanes: readonly ArrayBuffer[]): Generator<LaneRecord, undefined> {
  for (const lane of lanes) {
    const reader = new LaneReader(lane);
    for (let i = 0; i < reader.count; i++) yield reader.at(i);
  }
  return undefined;
}

function lanesOf(messages: number, bytes: number): ArrayBuffer[] {
  const payload = Buffer.alloc(bytes, 'x');
  return Array.from({ length: messages / LANE }, (_, lane) => {
    const records = Array.from({ length: LANE }, (_, i) => ({ name: `pod-${lane * LANE + i}`, version: 1, payload }));
    return makeBatch({ sequence: lane + 1, records }).lane;
  });
}

async function emptyStream(): Promise<void> {
  await manager.streams.delete(STREAM).catch((e: Error) => {
    if (!/not found/.test(e.message)) throw e;
  });
  await manager.streams.add({
    name: STREAM,
    subjects: ['k8s.>'],
    allow_atomic: true,
    duplicate_window: 120 * NANOS,
  });
}

/** User and system time of the server so far, from /proc; in ticks of 10 ms. */
function serverCpu(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measure(way: string, lanes: readonly ArrayBuffer[], messages: number): Promise<Run> {
  await emptyStream();
  refusedBatches = 0;
  const serverBefore = serverCpu();
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await WAYS[way]!(lanes);
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const serverCpuSeconds = serverCpu() - serverBefore;
  const { state } = await manager.streams.info(STREAM);
  if (state.messages !== messages) throw new Error(`${way}: ${state.messages} of ${messages} messages are stored`);
  return {
    way,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    serverCpuSeconds,
    messagesPerSecond: Math.round(messages / seconds),
    cpuMicrosPerMessage: (user + system) / messages,
    refusedBatches,
  };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

async function compare(messages: number, bytes: number): Promise<Record<string, unknown>> {
  const lanes = lanesOf(messages, bytes);
  const runs: Run[] = [];
  // The ways take turns, so that what else the machine does meets them alike; the first round warms up.
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const way of Object.keys(WAYS)) {
      const run = await measure(way, lanes, messages);
      console.error(
        `${bytes} B, round ${round}, ${way}: ${run.cpuMicrosPerMessage.toFixed(2)} us CPU a message, ${run.messagesPerSecond}/s`,
      );
      if (round > 0) runs.push(run);
    }
  }
  const of = (way: string, key: 'cpuMicrosPerMessage' | 'messagesPerSecond' | 'serverCpuSeconds'): number =>
    median(runs.filter((r) => r.way === way).map((r) => r[key]));
  const medians = Object.fromEntries(
    Object.keys(WAYS).map((way) => [
      way,
      {
        cpuMicrosPerMessage: of(way, 'cpuMicrosPerMessage'),
        serverCpuMicrosPerMessage: (of(way, 'serverCpuSeconds') * 1e6) / messages,
        messagesPerSecond: of(way, 'messagesPerSecond'),
        cpuComparedToExporter: of(way, 'cpuMicrosPerMessage') / of('exporter', 'cpuMicrosPerMessage'),
      },
    ]),
  );
  return { messages, payloadBytes: bytes, bytes: messages * bytes, medians, runs };
}

const messages = Number(options.messages);
const sizes = [await compare(messages, 500), await compare(messages / 4, 3600)];
await emptyStream();
const ids = await probeIds(admin as NatsConnection, STREAM, [...recordsOf(lanesOf(LANE, 500))].slice(0, 5));
const result = {
  commit,
  node: process.version,
  cpu: `${cpus().length} x ${cpus()[0]?.model}`,
  natsServer: admin.info?.version,
  date: new Date().toISOString(),
  maxInFlight: config.maxInFlight,
  sizes,
  messageIdsInBatches: ids,
};
const out = new URL('../results/jetstream-publish.json', import.meta.url);
mkdirSync(new URL('.', out), { recursive: true });
writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify({ ...result, sizes: sizes.map(({ runs, ...rest }) => rest) }, null, 2));
await admin.close();
await server.stop();
