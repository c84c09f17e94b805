import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, VERSIONS } from '../../../tools/servers/build.mjs';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const JARS = join(CACHE, `elasticmq-${VERSIONS.elasticmq}`, '*');
/** Short-lived and on a busy machine: little memory, and no compiling that only pays off later. */
const JAVA = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** ElasticMQ, a server of the SQS protocol. A restart keeps the port; queues and messages are in memory. */
export class ElasticMq {
  readonly folder = temporaryFolder('elasticmq');
  readonly #process = new ServerProcess('elasticmq', this.folder);
  #port = 0;

  static async start(): Promise<ElasticMq> {
    if (!existsSync(JARS.slice(0, -1))) throw new Error('ElasticMQ is missing: run node tools/servers/build.mjs');
    const server = new ElasticMq();
    server.#port = await freePort();
    const file = (name: string): string => join(server.folder, name);
    writeFileSync(
      file('elasticmq.conf'),
      `
include classpath("application.conf")
node-address { protocol = http, host = 127.0.0.1, port = ${server.#port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${server.#port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
`,
    );
    await server.restart();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async restart(): Promise<void> {
    await this.stop();
    const args = [`-Dconfig.file=${join(this.folder, 'elasticmq.conf')}`, '-cp', JARS, 'org.elasticmq.server.Main'];
    this.#process.start('java', [...JAVA, ...args]);
    await this.#process.ready(() => portOpen(this.#port), 180);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
