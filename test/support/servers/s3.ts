import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real S3 server (versitygw over a folder). Restarts keep port and data. */
export class S3Server {
  readonly folder = temporaryFolder('s3');
  readonly accessKeyId = 'test';
  readonly secretAccessKey = 'testtest';
  readonly region = 'us-east-1';
  readonly #process = new ServerProcess('versitygw', this.folder);
  #port = 0;

  static async start(...buckets: string[]): Promise<S3Server> {
    const server = new S3Server();
    server.#port = await freePort();
    for (const bucket of buckets) server.makeBucket(bucket);
    mkdirSync(join(server.folder, 'root'), { recursive: true });
    await server.restart();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** What the AWS SDK reads its credentials from. */
  get environment(): Record<string, string> {
    return {
      AWS_ACCESS_KEY_ID: this.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.secretAccessKey,
      AWS_REGION: this.region,
    };
  }

  makeBucket(name: string): void {
    mkdirSync(join(this.folder, 'root', name), { recursive: true });
  }

  async restart(): Promise<void> {
    await this.stop();
    const args = [
      '--port',
      `127.0.0.1:${this.#port}`,
      '--access',
      this.accessKeyId,
      '--secret',
      this.secretAccessKey,
      '--quiet',
    ];
    this.#process.start(binary('versitygw'), [...args, 'posix', join(this.folder, 'root')]);
    await this.#process.ready(() => portOpen(this.#port));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal);
  }
}
