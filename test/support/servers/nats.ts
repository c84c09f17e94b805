import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real nats-server with JetStream on a file store. Restarts keep port and store. */
export class NatsServer {
  readonly folder = temporaryFolder('nats');
  readonly #process = new ServerProcess('nats', this.folder);
  #port = 0;

  /** @param settings lines of nats-server configuration, e.g. `max_payload: 65536` */
  static async start(settings = ''): Promise<NatsServer> {
    const server = new NatsServer();
    server.#port = await freePort();
    mkdirSync(join(server.folder, 'store'), { recursive: true });
    server.configure(settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  configure(settings: string): void {
    const jetstream = settings.includes('jetstream') ? '' : `jetstream { store_dir: "${join(this.folder, 'store')}" }`;
    writeFileSync(join(this.folder, 'nats.conf'), `listen: "127.0.0.1:${this.#port}"\n${jetstream}\n${settings}\n`);
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process.start(binary('nats-server'), ['-c', join(this.folder, 'nats.conf')]);
    await this.#process.ready(() => portOpen(this.#port));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
