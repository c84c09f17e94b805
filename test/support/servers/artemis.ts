import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, VERSIONS } from '../../../tools/servers/build.mjs';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const JARS = join(CACHE, `artemis-${VERSIONS.artemis}`, '*');
const BROKER = fileURLToPath(new URL('../../../tools/servers/artemis/Broker.java', import.meta.url));
const JAVA = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';

export interface ArtemisOptions {
  /** The one who may come; anybody by default. */
  readonly user?: string;
  readonly password?: string;
  /** Options of the acceptor, for TLS; the folder is the server's own. */
  readonly acceptor?: (folder: string) => string;
}

/** ActiveMQ Artemis of one node, with AMQP 1.0 alone. Restarts keep port and data. */
export class ArtemisServer {
  readonly folder = temporaryFolder('artemis');
  readonly #process = new ServerProcess('artemis', this.folder);
  #port = 0;
  #args: string[] = [];

  static async start({ user, password, acceptor }: ArtemisOptions = {}): Promise<ArtemisServer> {
    if (!existsSync(JARS.slice(0, -1))) throw new Error('Artemis is missing: run node tools/servers/build.mjs');
    const server = new ArtemisServer();
    server.#port = await freePort();
    const access = user === undefined || password === undefined ? [] : [user, password];
    const own = [String(server.#port), server.folder, acceptor?.(server.folder) ?? '', ...access];
    server.#args = [...JAVA, QUIET, '-cp', JARS, BROKER, ...own];
    await server.restart();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  async restart(): Promise<void> {
    await this.stop();
    const ready = join(this.folder, 'ready');
    rmSync(ready, { force: true });
    this.#process.start('java', this.#args);
    await this.#process.ready(async () => existsSync(ready) && (await portOpen(this.#port)), 180);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process.stop(signal);
  }
}
