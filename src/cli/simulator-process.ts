import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The simulator is a process of its own, so that its work is not measured as Watershard's. */
export function startSimulator(args: readonly string[], stdio: StdioOptions): ChildProcess {
  const built = new URL('../simulator/main.js', import.meta.url);
  const entry = existsSync(built) ? built : new URL('../simulator/main.ts', import.meta.url);
  const child = spawn(process.execPath, [fileURLToPath(entry), ...args], { stdio });
  // also where this process ends at once, by a second signal or a defect
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** Exit code of the process, 1 where a signal ended it. */
export async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? 1;
  return await new Promise((resolve, reject) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', reject);
  });
}
