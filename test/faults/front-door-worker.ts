// Runs a command line in this thread as src/cli/main.ts does, one for each message.
import { parentPort } from 'node:worker_threads';
import { exitCodeOf, failureText } from '../../src/cli/failure.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Answer } from '../support/command-line.ts';

export interface Knock {
  readonly args: readonly string[];
}

let stdout = '';
console.log = (text: string) => {
  stdout += `${text}\n`;
};

async function run({ args }: Knock): Promise<Answer> {
  stdout = '';
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
    return { code: 0, stdout, stderr: '' };
  } catch (e) {
    return { code: exitCodeOf(e), stdout, stderr: `${failureText(e, false)}\n` };
  }
}

parentPort?.on('message', async (knock: Knock) => parentPort?.postMessage(await run(knock)));
