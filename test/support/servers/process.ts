import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE, VERSIONS } from '../../../tools/servers/build.mjs';

/** A server process that a test started; every one listens on 127.0.0.1 only and is ended by its id. */
export class ServerProcess {
  readonly #name: string;
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(name: string, folder: string) {
    this.#name = name;
    this.#log = join(folder, `${name}.log`);
  }

  start(command: string, args: readonly string[], env: Record<string, string> = {}): void {
    const log = openSync(this.#log, 'a');
    const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    closeSync(log);
    child.on('error', (e) => appendFileSync(this.#log, `${e.message}\n`));
    child.unref(); // a test that failed to stop its server must not keep the test process alive
    this.#child = child;
    running.add(child);
    child.on('exit', () => running.delete(child));
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.alive) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(kill);
  }

  /** Waits until the check passes; fails with the end of the server's log when it ends or takes too long. */
  async ready(check: () => Promise<boolean>, seconds = 90): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; ; ) {
      if (await check().catch(() => false)) return;
      if (!this.alive || Date.now() > deadline) throw new Error(`${this.#name} is not ready:\n${this.tail()}`);
      await new Promise((r) => setTimeout(r, 50));
    }
  }

  tail(): string {
    return readFileSync(this.#log, 'utf8').slice(-3000);
  }
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A folder of this test process, removed when it ends. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `watershard-${name}-`));
  folders.add(folder);
  return folder;
}

let offset = 0;
/** A free loopback port, outside the range that the system hands out by itself, different for each test process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + ((process.pid * 97 + offset++) % 20_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

export async function portOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** @param version of the Kubernetes servers, if not the one that is tested on */
export function binary(
  name: 'nats-server' | 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'versitygw' | 'pubsub',
  kubernetes = VERSIONS.kubernetes,
): string {
  const { nats, etcd, versitygw, pubsub } = VERSIONS;
  const version = { 'nats-server': nats, etcd, versitygw, pubsub }[name as 'etcd'] ?? kubernetes;
  return join(CACHE, 'bin', `${name}-${version}`);
}
