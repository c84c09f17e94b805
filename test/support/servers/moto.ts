import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, VERSIONS } from '../../../tools/servers/build.mjs';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const PACKAGES = join(CACHE, `moto-${VERSIONS.moto}`);

/** moto, which does what Amazon SNS and SQS do, in memory: a restart keeps nothing but the port. */
export class Moto {
  readonly #process = new ServerProcess('moto', temporaryFolder('moto'));
  #port = 0;

  static async start(): Promise<Moto> {
    if (!existsSync(PACKAGES)) throw new Error('moto is missing: run node tools/servers/build.mjs');
    const server = new Moto();
    server.#port = await freePort();
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
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(this.#port)];
    this.#process.start('python3', args, { PYTHONPATH: PACKAGES });
    await this.#process.ready(() => portOpen(this.#port), 180);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
