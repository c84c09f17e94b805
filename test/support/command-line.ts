import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const BIN = fileURLToPath(new URL('../../bin/watershard.mjs', import.meta.url));

/** Runs the command line as a user would, without the variables of the tests' own environment but PATH and HOME. */
export async function watershard(
  args: readonly string[],
  environment: Record<string, string> = {},
  node = process.execPath,
): Promise<Answer> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(node, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, HOME, ...environment } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  return { code, stdout, stderr };
}
