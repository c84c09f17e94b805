import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf, failureText } from './failure.ts';
import { createProgram } from './program.ts';

/*
 * V8 begins a full collection when what is left of its heap's limit is less than a young generation, 16 MiB. Of a heap as small
 * as ours, under 40 MiB, that is nearly always so by its usual growth: in one run of three it did so for each 3 MiB, on all
 * cores, a fifth of all CPU. With a limit of two and a half times what is alive it does not, and no more memory is used.
 */
setFlagsFromString('--heap-growing-percent=150');

/** Runs a command line (without the names of Node and of the script) and ends the process with its exit code. */
export async function main(args: readonly string[]): Promise<void> {
  const debug = args.includes('--debug');
  const fail = (error: unknown) => {
    console.error(failureText(error, debug));
    process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', fail);
  // whoever reads from us may stop reading: `watershard validate --schema | head`
  process.stdout.on('error', (e: NodeJS.ErrnoException) => (e.code === 'EPIPE' ? process.exit(EXIT.ok) : fail(e)));
  try {
    const program = createProgram();
    if (args.length === 0) program.help();
    await program.parseAsync(args.length === 1 && args[0] === '--debug' ? ['--help'] : [...args], { from: 'user' });
  } catch (e) {
    // commander has printed what it says; all but help and version is a wrong command line
    if (e instanceof CommanderError) process.exit(e.exitCode === 0 ? EXIT.ok : EXIT.configuration);
    fail(e);
  }
  process.exit(process.exitCode ?? EXIT.ok);
}

// `node src/cli/main.ts` works too; import.meta.main is not there before Node 24
const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
