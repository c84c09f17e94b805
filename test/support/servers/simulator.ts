import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Truth } from '../../../src/simulator/control.ts';
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

  /** Tells it `start-churn`, `stop-churn`, … and asks what there is: see src/simulator/control.ts. */
  async control(command = 'truth?objects=false'): Promise<Truth> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/__simulator/${command}`);
    if (!answer.ok) throw new Error(`${command}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Truth;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
