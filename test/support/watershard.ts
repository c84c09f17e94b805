import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { StatusReport } from '../../src/model/status.ts';
import { freePort, temporaryFolder } from './servers/process.ts';
import { until } from './until.ts';

const BIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The real program as a process of its own, run from the sources. */
export class Watershard {
  readonly folder = temporaryFolder('run');
  readonly #env: Record<string, string>;
  readonly #script: string;
  #child: ChildProcess | undefined;
  #port = 0;

  /** @param script what is run: the sources, where nothing else is said */
  constructor(env: Record<string, string> = {}, script = BIN) {
    this.#env = env;
    this.#script = script;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  get logFile(): string {
    return join(this.folder, 'watershard.log');
  }

  get configFile(): string {
    return join(this.folder, 'watershard.yaml');
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts `watershard <command>` with this configuration; `ops.listen` and `dataDir` are added. */
  async start(
    config: Record<string, unknown>,
    command: string | readonly string[] = 'run',
    env: Record<string, string> = {},
  ): Promise<void> {
    this.#port = await freePort();
    const file = this.configFile;
    this.configure(config);
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [this.#script, ...[command].flat(), '--config', file], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.#env, ...env },
      cwd: this.folder,
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    child.once('exit', (code, signal) => appendFileSync(this.logFile, `--- ended: ${code ?? signal}\n`));
  }

  /** Writes the configuration; a program that runs takes it up by itself. @returns what the file says */
  configure(config: Record<string, unknown>): string {
    const own = { dataDir: join(this.folder, 'data'), ops: { listen: `127.0.0.1:${this.#port}` } };
    const text = stringify({ ...own, ...config });
    writeFileSync(this.configFile, text);
    return text;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async status(): Promise<StatusReport> {
    const answer = await fetch(`${this.url}/status`);
    return (await answer.json()) as StatusReport;
  }

  async metrics(): Promise<string> {
    return await (await fetch(`${this.url}/metrics`)).text();
  }

  /** Waits for /readyz. */
  async ready(seconds = 60): Promise<void> {
    await until(
      'the program is ready',
      async () => {
        if (!this.alive) throw new Error(`it has ended:\n${this.log.slice(-3000)}`);
        const answer = await fetch(`${this.url}/readyz`);
        if (answer.status !== 200) throw new Error(await answer.text());
        return true;
      },
      seconds,
    ).catch((e: unknown) => {
      throw new Error(`${this.log.slice(-3000)}`, { cause: e });
    });
  }

  /** Waits until nothing is unacknowledged and the counts of records have stood still for a while. */
  async settled(seconds = 90): Promise<void> {
    let last = -1;
    let still = 0;
    await until(
      'everything is delivered',
      async () => {
        const status = await this.status();
        // A stream that is about to go on has not read what there is, though it counts as synced for a moment.
        const open = status.streams.every((s) => !['backing-off', 'verifying'].includes(s.state));
        const settled = status.streams.every((s) => s.lagSeconds === 0) && status.totals.records === last;
        const quiet = status.ready && open && settled;
        last = status.totals.records;
        still = quiet ? still + 1 : 0;
        return still >= 15;
      },
      seconds,
    );
  }

  kill(): Promise<number | null> {
    return this.stop('SIGKILL');
  }

  /** @returns the exit code, null where a signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM', seconds = 40): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (this.alive) {
      child.kill(signal);
      await this.exited(seconds);
    }
    return child.exitCode;
  }

  async exited(seconds = 60): Promise<number | null> {
    await until('the program has ended', () => !this.alive, seconds);
    return this.#child?.exitCode ?? null;
  }
}
