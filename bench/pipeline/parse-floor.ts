import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Settings } from './settings.ts';

/**
 * What JSON.parse alone costs for the objects of a run: the floor of what decodes them. It is taken right before and right after
 * what is measured, since a shared machine is not as fast at every minute, and in a process of its own.
 */
export class ParseFloor {
  readonly #process: ChildProcess;
  readonly #micros: number[] = [];

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(settings: Settings): Promise<ParseFloor> {
    const child = fork(fileURLToPath(new URL('./parse-floor-process.ts', import.meta.url)), [JSON.stringify(settings)]);
    await once(child, 'message');
    return new ParseFloor(child);
  }

  async sample(): Promise<void> {
    const answer = once(this.#process, 'message');
    this.#process.send('sample');
    this.#micros.push(Number((await answer)[0]));
  }

  /** @param cpuSeconds of the pipeline @returns its metrics beside the floor, in CPU an event */
  metrics(cpuSeconds: number, events: number): Record<string, number> {
    const micros = this.#micros.reduce((sum, one) => sum + one, 0) / this.#micros.length;
    return { jsonParseMicrosPerEvent: micros, cpuOverJsonParse: (cpuSeconds * 1e6) / events / micros };
  }

  stop(): void {
    this.#process.kill();
  }
}
