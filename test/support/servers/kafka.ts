import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, VERSIONS } from '../../../tools/servers/build.mjs';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const JARS = join(CACHE, `kafka-${VERSIONS.kafka}`, '*');
const CLUSTER = 'AAAAAAAAAAAAAAAAAAAAAQ';
/** Short-lived and on a busy machine: little memory, and no compiling that only pays off later. */
const JAVA = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';

export interface KafkaOptions {
  /** The port that clients are told, where they are to come another way (a proxy to `port`). */
  readonly advertise?: (port: number) => Promise<number>;
  /** Lines of server.properties. */
  readonly settings?: (folder: string) => string;
  /** Of the listener for clients: PLAINTEXT by default. */
  readonly protocol?: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
}

/** A real Apache Kafka of one node, with its own controller (KRaft). Restarts keep ports and data. */
export class KafkaServer {
  readonly folder = temporaryFolder('kafka');
  readonly #process = new ServerProcess('kafka', this.folder);
  #port = 0;
  #advertised = 0;

  static async start(options: KafkaOptions = {}): Promise<KafkaServer> {
    if (!existsSync(JARS.slice(0, -1))) throw new Error('Kafka is missing: run node tools/servers/build.mjs');
    const server = new KafkaServer();
    server.#port = await freePort();
    server.#advertised = (await options.advertise?.(server.#port)) ?? server.#port;
    const settings = server.#settings(await freePort(), options);
    writeFileSync(join(server.folder, 'server.properties'), settings);
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', join(server.folder, 'server.properties')];
    execFileSync('java', [...JAVA, '-cp', JARS, ...format], { stdio: 'pipe' });
    await server.restart();
    return server;
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /** Where clients are told to come. */
  get brokers(): string[] {
    return [`127.0.0.1:${this.#advertised}`];
  }

  /** Runs one of the command-line tools that come with Kafka; gives what it prints. */
  tool(main: string, ...args: string[]): string {
    return execFileSync('java', [...JAVA, QUIET, '-cp', JARS, main, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }

  async restart(): Promise<void> {
    await this.stop();
    const properties = join(this.folder, 'server.properties');
    this.#process.start('java', [...JAVA, QUIET, '-cp', JARS, 'kafka.Kafka', properties]);
    await this.#process.ready(() => portOpen(this.#port), 180);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }

  #settings(controller: number, { settings, protocol = 'PLAINTEXT' }: KafkaOptions): string {
    return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=CLIENTS://127.0.0.1:${this.#port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=CLIENTS://127.0.0.1:${this.#advertised}
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENTS:${protocol},CONTROLLER:PLAINTEXT
log.dirs=${join(this.folder, 'data')}
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
${settings?.(this.folder) ?? ''}
`;
  }
}
