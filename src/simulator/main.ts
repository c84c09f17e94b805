import { writeFileSync } from 'node:fs';
import { readFlags, USAGE } from './flags.ts';
import { startSimulator } from './simulator.ts';

/** Starts it, and tells whoever started this process where it serves. */
async function main(args: readonly string[]): Promise<void> {
  const { help, kubeconfigOut, options } = readFlags(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const simulator = await startSimulator(options);
  try {
    if (kubeconfigOut !== undefined) writeFileSync(kubeconfigOut, simulator.kubeconfig, { mode: 0o600 });
  } catch (error) {
    await simulator.close(); // what serves would keep the process
    throw error;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.close());
  process.stdout.write(`${JSON.stringify({ url: simulator.url, pid: process.pid })}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
