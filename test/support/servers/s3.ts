import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

/** A real S3 server (versitygw over a folder). Restarts keep port and data. */
export class S3Server {
  readonly folder = temporaryFolder('s3');
  /** The only key that it takes; what is set here, from the next start on. */
  accessKeyId = 'test';
  secretAccessKey = 'testtest';
  readonly region = 'us-east-1';
  readonly #process = new ServerProcess('versitygw', this.folder);
  readonly #tls: readonly string[];
  #port = 0;

  static async start(...buckets: string[]): Promise<S3Server> {
    return await S3Server.#begin(new S3Server([]), buckets);
  }

  /** @param pki a folder of support/servers/pki.ts */
  static async startTls(pki: string, ...buckets: string[]): Promise<S3Server> {
    const files = ['--cert', join(pki, 'apiserver.crt'), '--key', join(pki, 'apiserver.key')];
    return await S3Server.#begin(new S3Server(files), buckets);
  }

  private constructor(tls: readonly string[]) {
    this.#tls = tls;
  }

  static async #begin(server: S3Server, buckets: readonly string[]): Promise<S3Server> {
    server.#port = await freePort();
    for (const bucket of buckets) server.makeBucket(bucket);
    mkdirSync(join(server.folder, 'root'), { recursive: true });
    await server.restart();
    return server;
  }

  get endpoint(): string {
    return `${this.#tls.length > 0 ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process.pid;
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
      ...this.#tls,
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
