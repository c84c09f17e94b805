import { join } from 'node:path';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** Google's in-memory Pub/Sub server with a journal (tools/servers/pubsub): restarts keep port, topics, subscriptions and messages. */
export class PubsubServer {
  readonly folder = temporaryFolder('pubsub');
  readonly #process = new ServerProcess('pubsub', this.folder);
  #port = 0;

  static async start(): Promise<PubsubServer> {
    const server = new PubsubServer();
    server.#port = await freePort();
    await server.restart();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** As PUBSUB_EMULATOR_HOST has it. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get endpoint(): string {
    return `http://${this.host}`;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process.start(binary('pubsub'), ['-listen', this.host, '-journal', join(this.folder, 'journal')]);
    await this.#process.ready(() => portOpen(this.#port));
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
