import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDb } from '../../test/support/duckdb.ts';
import { NatsServer } from '../../test/support/servers/nats.ts';
import { RedisServer } from '../../test/support/servers/redis.ts';
import { S3Server } from '../../test/support/servers/s3.ts';
import { SimulatorServer } from '../../test/support/servers/simulator.ts';
import { countStream, makeStream, streamBytes } from '../../test/support/stream-reader.ts';
import { until } from '../../test/support/until.ts';
import { Watershard } from '../../test/support/watershard.ts';
import { ENVIRONMENT, NODE_OPTIONS } from './as-in-image.ts';
import { type Settings, simulatorFlags } from './settings.ts';
import { type Spent, spent, type Usage, usageOf } from './usage.ts';

export const STREAM = 'K8S';
export const CLUSTER = 'bench';
export const LAKE = 's3://bucket/bench';

/** What is installed, and not the sources: Node's taking the types off them is in every thread's heap. */
const BUILT = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const AT_START = fileURLToPath(new URL('./at-start.ts', import.meta.url));
/** Seconds that a phase may take on a slow and shared machine. */
const PATIENCE = 1200;
const POLL_MS = 400;
/** Seconds of CPU between two looks, below which a program is at rest. One that writes profiles takes a tenth of a core for that. */
const REST = process.env.WATERSHARD_BENCH_NODE_OPTIONS === undefined ? 0.02 : 0.05;

export interface StageOptions {
  readonly jetstream: boolean;
  readonly parquet: boolean;
  /** Flags of the simulator beside those of the settings. */
  readonly flags?: readonly string[];
}

/** What every process of the stage has used up to a moment. */
export interface Reading {
  readonly at: number;
  readonly program: Usage;
  readonly others: Readonly<Record<string, Usage>>;
}

/** What was used between two readings. */
export interface Use {
  /** Wall time: for the reader's orientation only, the machine is shared. */
  readonly seconds: number;
  readonly program: Spent;
  /** CPU seconds by process: `simulator`, `nats`, `redis`, `s3`. */
  readonly others: Readonly<Record<string, number>>;
  /** Bytes that the simulated API server has sent. */
  readonly sent: number;
}

/** The simulated API server, the real sinks, and Watershard between them, each a process of its own. */
export class Stage {
  readonly settings: Settings;
  readonly simulator: SimulatorServer;
  readonly nats: NatsServer | undefined;
  readonly redis: RedisServer | undefined;
  readonly s3: S3Server | undefined;
  readonly #program: Watershard;
  readonly #folder = mkdtempSync(join(tmpdir(), 'watershard-bench-'));
  #ended: Usage | undefined;
  #poll: NodeJS.Timeout | undefined;
  #db: DuckDb | undefined;

  private constructor(
    settings: Settings,
    simulator: SimulatorServer,
    nats: NatsServer | undefined,
    redis: RedisServer | undefined,
    s3: S3Server | undefined,
  ) {
    this.settings = settings;
    this.simulator = simulator;
    this.nats = nats;
    this.redis = redis;
    this.s3 = s3;
    const options = [NODE_OPTIONS, process.env.WATERSHARD_BENCH_NODE_OPTIONS ?? '', `--import=${AT_START}`];
    const env = {
      ...ENVIRONMENT,
      ...s3?.environment,
      NODE_OPTIONS: options.join(' '),
      WATERSHARD_BENCH_USAGE: join(this.#folder, 'usage.json'),
    };
    this.#program = new Watershard(env, BUILT);
  }

  static async start(settings: Settings, options: StageOptions): Promise<Stage> {
    const [simulator, nats, redis, s3] = await Promise.all([
      SimulatorServer.start([...simulatorFlags(settings), ...(options.flags ?? [])]),
      options.jetstream ? NatsServer.start() : undefined,
      settings.state === 'redis' ? RedisServer.start() : undefined,
      options.parquet ? S3Server.start('bucket') : undefined,
    ]);
    if (nats !== undefined) await makeStream(nats.url, STREAM, ['k8s.>'], { allow_direct: true });
    return new Stage(settings, simulator, nats, redis, s3);
  }

  /** A configuration for what there is, with changes. */
  config(changes: Record<string, unknown>, parquet: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      cluster: { name: CLUSTER },
      kubeconfig: this.simulator.kubeconfig,
      watch: { resources: Object.keys(this.settings.resources) },
      workers: this.settings.workers,
      ...(this.redis === undefined ? {} : { state: { url: this.redis.url } }),
      exporters: [
        ...(this.nats === undefined
          ? []
          : [{ name: 'bus', type: 'jetstream', servers: [this.nats.url], stream: STREAM }]),
        ...(this.s3 === undefined
          ? []
          : [{ name: 'lake', type: 'parquet', url: LAKE, endpoint: this.s3.endpoint, ...parquet }]),
      ],
      ...changes,
    };
  }

  /**
   * Starts the program and lets it come up to its first list or watch, which the simulator holds back.
   * @returns the reading at that moment, with CPU at rest: start-up is before it
   */
  async comeUp(config: Record<string, unknown>, command: readonly string[] = ['run']): Promise<Reading> {
    rmSync(join(this.#folder, 'usage.json'), { force: true });
    this.#ended = undefined;
    await this.simulator.control('hold');
    await this.#program.start(config, command);
    await this.#wait('the program asks for a list', async () => (await this.simulator.control()).held > 0);
    return await this.atRest();
  }

  /** Waits until the program does nothing. */
  async atRest(): Promise<Reading> {
    let last = 0;
    let quiet = 0;
    await until('it is at rest', async () => {
      const { user, system } = this.#usage();
      quiet = user + system - last < REST ? quiet + 1 : 0;
      last = user + system;
      await new Promise((r) => setTimeout(r, 100));
      return quiet >= 4;
    });
    return this.reading();
  }

  async release(): Promise<void> {
    await this.simulator.control('release');
  }

  /**
   * Waits until every exporter has so many records acknowledged. The program is asked seldom, and last: its answers are
   * part of what is measured.
   */
  async acknowledged(count: number): Promise<void> {
    if (this.nats !== undefined) {
      const { url } = this.nats;
      await this.#wait(`${count} records are stored`, async () => (await countStream(url, STREAM)) >= count);
    }
    await this.#wait(`${count} records are acknowledged`, async () => {
      const { exporters, streams } = await this.#program.status();
      return streams.length > 0 && exporters.length > 0 && exporters.every((e) => e.acknowledged >= count);
    });
  }

  async ready(): Promise<void> {
    await this.#wait('the program is ready', async () => (await this.#program.status()).ready);
  }

  async status(): ReturnType<Watershard['status']> {
    return await this.#program.status();
  }

  /** The value of a gauge or counter of the program, summed over its labels. */
  async metric(name: string): Promise<number> {
    const lines = (await this.#program.metrics())
      .split('\n')
      .filter((l) => l.startsWith(name) && /^[{ ]/.test(l.slice(name.length)));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Bytes that the sinks keep: of the stream with its headers and subjects, and of files. */
  async stored(): Promise<number> {
    const { nats, s3 } = this;
    const files = s3 === undefined ? [] : readdirSync(s3.folder, { recursive: true, encoding: 'utf8' });
    const sizes = files.filter((f) => f.endsWith('.parquet')).map((f) => statSync(join(s3!.folder, f)).size);
    return sizes.reduce((sum, size) => sum + size, nats === undefined ? 0 : await streamBytes(nats.url, STREAM));
  }

  /** Waits for the end of the program. @returns what it had used in all. @throws where it failed */
  async ended(): Promise<Reading> {
    this.#watchThreads();
    const code = await this.#program.exited(PATIENCE);
    if (code !== 0) throw new Error(`the program ended with ${code}:\n${this.#program.log.slice(-3000)}`);
    return this.reading();
  }

  /** Ends the program as an operator does, and waits until it has drained. */
  async stopProgram(): Promise<Reading> {
    this.#watchThreads();
    const code = await this.#program.stop('SIGTERM', 120);
    if (code !== 0) throw new Error(`the program ended with ${code}:\n${this.#program.log.slice(-3000)}`);
    return this.reading();
  }

  /** Of a program that is still to be started. */
  nothingUsed(): Reading {
    const nothing: Usage = { user: 0, system: 0, threads: {}, threadIds: {}, rss: 0, peakRss: 0, written: 0 };
    return this.#reading(nothing);
  }

  reading(): Reading {
    return this.#reading(this.#usage());
  }

  #reading(program: Usage): Reading {
    const pids = { simulator: this.simulator.pid, nats: this.nats?.pid, redis: this.redis?.pid, s3: this.s3?.pid };
    const others: Record<string, Usage> = {};
    for (const [name, pid] of Object.entries(pids)) {
      const usage = pid === undefined ? undefined : usageOf(pid);
      if (usage !== undefined) others[name] = usage;
    }
    return { at: performance.now(), program, others };
  }

  async database(): Promise<DuckDb> {
    this.#db ??= await DuckDb.open(this.s3);
    return this.#db;
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    await this.#program.kill();
    this.#db?.close();
    await Promise.all([
      this.simulator.stop(),
      this.nats?.stop('SIGKILL'),
      this.redis?.stop(),
      this.s3?.stop('SIGKILL'),
    ]);
    rmSync(this.#folder, { recursive: true, force: true });
    for (const server of [this.nats, this.redis, this.s3, this.#program])
      if (server !== undefined) rmSync(server.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** While it comes to its end, its threads are looked at often: afterwards /proc has nothing of them. */
  #watchThreads(): void {
    this.#poll = setInterval(() => {
      const now = usageOf(this.#program.pid);
      // threads that have ended stay in it with their last reading
      if (now !== undefined) this.#ended = { ...now, threadIds: { ...this.#ended?.threadIds, ...now.threadIds } };
    }, 20);
  }

  #usage(): Usage {
    const now = usageOf(this.#program.pid);
    if (now !== undefined && this.#program.alive) return now;
    clearInterval(this.#poll);
    const { user, system, maxRss } = JSON.parse(readFileSync(join(this.#folder, 'usage.json'), 'utf8')) as {
      user: number;
      system: number;
      maxRss: number;
    };
    const { threads = {}, threadIds = {}, written = 0 } = this.#ended ?? {};
    return { user, system, peakRss: maxRss, rss: 0, threads, threadIds, written };
  }

  async #wait(what: string, check: () => Promise<boolean>): Promise<void> {
    await until(
      what,
      async () => {
        const done = !this.#program.alive || (await check());
        if (!done) await new Promise((r) => setTimeout(r, POLL_MS));
        return done;
      },
      PATIENCE,
    );
    if (!this.#program.alive)
      throw new Error(`waiting until ${what}: it has ended:\n${this.#program.log.slice(-3000)}`);
  }
}

export function use(from: Reading, to: Reading): Use {
  const others: Record<string, number> = {};
  for (const [name, usage] of Object.entries(to.others)) others[name] = spent(from.others[name]!, usage).cpu;
  const sent = (to.others.simulator?.written ?? 0) - (from.others.simulator?.written ?? 0);
  return { seconds: (to.at - from.at) / 1000, program: spent(from.program, to.program), others, sent };
}
