import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SimulatorReport, Truth } from '../../../src/simulator/control.ts';
import { freePort, portOpen, ServerProcess, temporaryFolder } from './process.ts';

const MAIN = fileURLToPath(new URL('../../../src/simulator/main.ts', import.meta.url));

/** The simulated API server, for more changes than a real one makes on a machine of tests. */
export class SimulatorServer {
  readonly folder = temporaryFolder('simulator');
  readonly #process = new ServerProcess('simulator', this.folder);
  #port = 0;

  /** @param args of `watershard simulate` */
  static async start(args: readonly string[]): Promise<SimulatorServer> {
    const server = new SimulatorServer();
    server.#port = await freePort();
    const own = ['--port', String(server.#port), '--kubeconfig-out', server.kubeconfig];
    server.#process.start(process.execPath, [MAIN, ...own, ...args]);
    await server.#process.ready(async () => existsSync(server.kubeconfig) && (await portOpen(server.#port)));
    return server;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  /** Tells it `start-churn`, `stop-churn`, … and asks how it is: see src/simulator/control.ts. */
  async control(command = 'state'): Promise<SimulatorReport> {
    return (await this.#ask(command)) as SimulatorReport;
  }

  /** What there is, without the objects one by one. Takes it some seconds where there are many. */
  async truth(): Promise<Truth> {
    return (await this.#ask('truth?objects=false')) as Truth;
  }

  /** When the changes of the last start were made. */
  async writes(): Promise<readonly (readonly [resourceVersion: number, at: number])[]> {
    return (await this.#ask('writes')) as [number, number][];
  }

  async #ask(command: string): Promise<unknown> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/__simulator/${command}`);
    if (!answer.ok) throw new Error(`${command}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
