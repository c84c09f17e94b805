import { join } from 'node:path';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real redis-server with an append-only file. Restarts keep port and data. */
export class RedisServer {
  readonly folder = temporaryFolder('redis');
  readonly #process = new ServerProcess('redis', this.folder);
  readonly #args: readonly string[];
  readonly #tls: boolean;
  #port = 0;

  private constructor(args: readonly string[], tls: boolean) {
    this.#args = args;
    this.#tls = tls;
  }

  static async start(...args: string[]): Promise<RedisServer> {
    return await new RedisServer(args, false).#begin();
  }

  /** Takes TLS alone, and client certificates alone. @param pki a folder of support/servers/pki.ts */
  static async startTls(pki: string): Promise<RedisServer> {
    const file = (name: string): string => join(pki, name);
    const certificates = ['--tls-cert-file', file('apiserver.crt'), '--tls-key-file', file('apiserver.key')];
    return await new RedisServer([...certificates, '--tls-ca-cert-file', file('ca.crt')], true).#begin();
  }

  async #begin(): Promise<this> {
    this.#port = await freePort();
    await this.restart();
    return this;
  }

  get url(): string {
    return `${this.#tls ? 'rediss' : 'redis'}://127.0.0.1:${this.#port}/0`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process.start('/usr/bin/redis-server', [
      '--bind',
      '127.0.0.1',
      ...(this.#tls ? ['--port', '0', '--tls-port'] : ['--port']),
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
