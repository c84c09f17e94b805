import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real redis-server with an append-only file. Restarts keep port and data. */
export class RedisServer {
  readonly folder = temporaryFolder('redis');
  readonly #process = new ServerProcess('redis', this.folder);
  readonly #args: readonly string[];
  #port = 0;

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(args);
    server.#port = await freePort();
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}/0`;
  }

  get port(): number {
    return this.#port;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process.start('/usr/bin/redis-server', [
      '--bind',
      '127.0.0.1',
      '--port',
      String(this.#port),
      '--dir',
      this.folder,
      '--appendonly',
      'yes',
      '--save',
      '',
      ...this.#args,
    ]);
    await this.#process.ready(() => portOpen(this.#port));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
