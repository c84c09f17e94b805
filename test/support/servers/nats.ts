import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JetStreamManager } from '@nats-io/jetstream';
import { until } from '../until.ts';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real nats-server with JetStream on a file store. Restarts keep port and store. */
export class NatsServer {
  readonly folder = temporaryFolder('nats');
  readonly #process = new ServerProcess('nats', this.folder);
  #port = 0;

  get log(): string {
    return readFileSync(join(this.folder, 'nats.log'), 'utf8');
  }

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
    const jetstream = settings.includes('jetstream') ? '' : this.jetstream();
    writeFileSync(join(this.folder, 'nats.conf'), `listen: "127.0.0.1:${this.#port}"\n${jetstream}\n${settings}\n`);
  }

  /** Settings of JetStream on its store, with more of them. */
  jetstream(more = ''): string {
    return `jetstream { store_dir: "${join(this.folder, 'store')}"\n${more} }`;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process.start(binary('nats-server'), ['-c', join(this.folder, 'nats.conf')]);
    await this.#process.ready(() => portOpen(this.#port));
  }

  /**
   * Deletes all streams, and waits for their files to be gone. nats-server 2.15.2 goes on removing them after it has answered,
   * and takes those of a stream that was made under the same name since: what that had stored is lost, or its creation
   * fails ("error creating store for stream": 1 of 4,500 on a busy machine).
   */
  async removeStreams(manager: JetStreamManager): Promise<void> {
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    await this.streamFilesGone();
  }

  /** Waits for the files of all streams to be gone, after they were deleted. */
  async streamFilesGone(): Promise<void> {
    await until('the files of the deleted streams are gone', () => this.#streamFolders().length === 0);
  }

  #streamFolders(): string[] {
    const accounts = join(this.folder, 'store', 'jetstream');
    if (!existsSync(accounts)) return [];
    return readdirSync(accounts).flatMap((account) => {
      const streams = join(accounts, account, 'streams');
      return existsSync(streams) ? readdirSync(streams) : [];
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}

/** Real nats-servers that are one JetStream cluster. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** @param settings lines of configuration for each of them */
  static async start(settings = '', size = 3): Promise<NatsCluster> {
    const ports: number[] = [];
    for (let i = 0; i < size; i++) ports.push(await freePort());
    const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
    const servers = ports.map((port, i) =>
      NatsServer.start(
        `server_name: n${i}\ncluster { name: trio, listen: "127.0.0.1:${port}", routes: [${routes}] }\n${settings}`,
      ),
    );
    return new NatsCluster(await Promise.all(servers));
  }

  get urls(): string[] {
    return this.servers.map((server) => server.url);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop('SIGKILL')));
  }
}
