import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const BIN = '/usr/lib/rabbitmq/bin';

export interface RabbitOptions {
  /** Lines of rabbitmq.conf; the folder is the server's own. */
  readonly settings?: (folder: string) => string;
  /** More of the definitions that are there from the start, by the names that RabbitMQ's export has. */
  readonly definitions?: Readonly<Record<string, readonly unknown[]>>;
  readonly tls?: boolean;
}

/** Debian's RabbitMQ of one node, with an epmd of its own. Restarts keep ports and data. */
export class RabbitServer {
  readonly folder = temporaryFolder('rabbitmq');
  readonly #process = new ServerProcess('rabbitmq', this.folder);
  readonly #epmd = new ServerProcess('epmd', this.folder);
  #port = 0;
  #env: Record<string, string> = {};

  static async start({ settings, definitions, tls = false }: RabbitOptions = {}): Promise<RabbitServer> {
    const server = new RabbitServer();
    const { folder } = server;
    const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
    server.#port = port;
    const own = {
      vhosts: [{ name: '/' }],
      users: [{ name: 'guest', password: 'guest', tags: ['administrator'] }],
      permissions: [{ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
    };
    const merged: Record<string, readonly unknown[]> = { ...own };
    for (const [name, more] of Object.entries(definitions ?? {})) merged[name] = [...(merged[name] ?? []), ...more];
    writeFileSync(join(folder, 'definitions.json'), JSON.stringify(merged));
    writeFileSync(
      join(folder, 'rabbitmq.conf'),
      [
        `load_definitions = ${join(folder, 'definitions.json')}`,
        tls ? 'listeners.tcp = none' : `listeners.tcp.1 = 127.0.0.1:${port}`,
        ...(tls ? [`listeners.ssl.1 = 127.0.0.1:${port}`] : []),
        'disk_free_limit.absolute = 1MB',
        settings?.(folder) ?? '',
      ].join('\n'),
    );
    writeFileSync(join(folder, 'plugins'), '[].');
    server.#env = {
      RABBITMQ_NODENAME: `t${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2',
      // The script becomes the server, which then is the process that is stopped.
      RUNNING_UNDER_SYSTEMD: 'true',
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(epmd),
      HOME: folder,
    };
    server.#epmd.start('/usr/bin/epmd', ['-address', '127.0.0.1', '-port', String(epmd)]);
    await server.#epmd.ready(() => portOpen(epmd));
    await server.restart();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.#port}`;
  }

  /** Runs rabbitmqctl, which takes seconds; gives what it prints. */
  control(...args: string[]): string {
    const env = { ...process.env, ...this.#env };
    return execFileSync(join(BIN, 'rabbitmqctl'), ['--quiet', ...args], { encoding: 'utf8', stdio: 'pipe', env });
  }

  async restart(): Promise<void> {
    await this.stopNode();
    this.#process.start(join(BIN, 'rabbitmq-server'), [], this.#env);
    await this.#process.ready(() => portOpen(this.#port), 180);
  }

  async stopNode(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process.stop(signal);
  }

  async stop(): Promise<void> {
    await this.stopNode();
    await this.#epmd.stop('SIGKILL');
  }
}
